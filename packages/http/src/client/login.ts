/** The login in pasted text: `@ann`, `github.com/ann` or `https://gist.github.com/ann`, with spaces around. As core's `loginOf`. */
export const loginOf = (text: string): string =>
  text
    .trim()
    .replace(/^(https?:\/\/)?((www|gist)\.)?github\.com\/|^@/i, "")
    .replace(/\/?([?#].*)?$/, "")
