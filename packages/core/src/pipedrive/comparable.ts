/**
 * A title, a name or an address as Gitpip compares texts: without regard to case, to spaces around it and between words, and to
 * the Unicode form of accents.
 */
export const comparable = (text: string): string => text.normalize().trim().replace(/\s+/g, " ").toLowerCase()
