/** The login in text that people paste: `@ann`, `github.com/ann`, `https://gist.github.com/ann/`, with spaces around. */
export const loginOf = (text: string): string =>
  text
    .trim()
    .replace(/^(https?:\/\/)?((www|gist)\.)?github\.com\/|^@/i, "")
    .replace(/\/?([?#].*)?$/, "")
