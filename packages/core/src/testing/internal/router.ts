/** Finds the template that a path fits: `/users/{login}/gists`. */
export const makeRouter = <Route extends string>(routes: ReadonlyArray<Route>) => {
  const table = routes.map((route) => ({ route, parts: route.split("/") }))
  const none = { route: undefined, params: [] } as const

  return (path: string): { readonly route: Route | undefined; readonly params: ReadonlyArray<string> } => {
    const parts = path.split("/")
    // Templates are listed with the fixed ones first: `/gists/public` before `/gists/{id}`.
    const found = table.find(
      (entry) =>
        entry.parts.length === parts.length &&
        entry.parts.every((part, index) => part.startsWith("{") || part === parts[index])
    )
    if (found === undefined) return none
    const params: Array<string> = []
    for (const [index, part] of found.parts.entries()) {
      if (!part.startsWith("{")) continue
      const value = decoded(parts[index] ?? "")
      if (value === undefined) return none
      params.push(value)
    }
    return { route: found.route, params }
  }
}

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
