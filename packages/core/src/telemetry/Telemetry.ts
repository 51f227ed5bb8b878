/** Every metric, log event and span attribute of Gitpip, by name. */
export * from "./events.ts"
export * from "./metrics.ts"
export * from "./spans.ts"
