/** How Gitpip compares texts of Pipedrive. */
import { plainName } from "../domain/company.ts"

/**
 * A title, a name or an address as Gitpip compares texts: without regard to case, to spaces around it and between words, and to
 * the Unicode form of accents.
 */
export const comparable = plainName
