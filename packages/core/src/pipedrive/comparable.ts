/** A title, a name or an address as Gitpip compares texts: without regard to case, and to spaces around it and between words. */
export const comparable = (text: string): string => text.trim().replace(/\s+/g, " ").toLowerCase()
