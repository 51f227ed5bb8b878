/** The login in pasted text: `@ann`, `github.com/ann` or `https://gist.github.com/ann`, with spaces around. */
export const loginOf = (text: string): string =>
  text
    .trim()
    .replace(/^(https?:\/\/)?(gist\.)?github\.com\/|^@/i, "")
    .replace(/\/$/, "")
