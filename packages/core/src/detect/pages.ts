/** Sizes of pages: GitHub's largest page of a list, and smaller ones for users whose list GitHub cannot show with it. */

/** https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api#changing-the-number-of-items-per-page */
export const maxPageSize = 100

/** The size to try after one that failed. */
export const smallerPage = (size: number): number => (size > 30 ? 30 : 10)

/** The same place in a list of smaller pages. An address of an unknown form stays as it is. */
export const withPageSize = (url: URL, size: number): URL => {
  const [page, before] = ["page", "per_page"].map((name) => Number(url.searchParams.get(name) ?? Number.NaN))
  if (page === undefined || before === undefined || !(page >= 1) || !(before > size)) return url
  const smaller = new URL(url)
  smaller.searchParams.set("per_page", `${size}`)
  smaller.searchParams.set("page", `${Math.floor(((page - 1) * before) / size) + 1}`)
  return smaller
}
