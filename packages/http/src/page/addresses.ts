/** Where the page and its parts are. They hold nothing of anybody's, and are given to whoever asks. */

/** As the router knows them. The version is a hash of all parts, so that each address always means the same. */
export const pageRoutes = ["/", "/assets/:version/:file"] as const

export const isOfPage = (path: string): boolean => path === "/" || path.startsWith("/assets/")
