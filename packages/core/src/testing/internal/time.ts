/** Times as the services write them: UTC, on whole seconds. */

/** RFC 3339. */
export const instant = (millis: number): string => `${new Date(millis).toISOString().slice(0, 19)}Z`

/** As version 1 of Pipedrive's API writes it. */
export const instantV1 = (millis: number): string => instant(millis).replace("T", " ").slice(0, 19)
