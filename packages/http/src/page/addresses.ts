/** The addresses of the page and its parts, which have no data and need no key. */

/** Routes of the page. The version is a hash of all parts, so that the content of an address never changes. */
export const pageRoutes = ["/", "/assets/:version/:file"] as const

/** Whether an address is the page or one of its files, which need no key. */
export const isOfPage = (path: string): boolean => path === "/" || path.startsWith("/assets/")
