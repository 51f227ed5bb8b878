/** Help and version from ready text, without loading the commands. */

/** The ready text for `--help` or `--version`; undefined for any other command line. `texts` is by command. */
export const readyText = (
  args: ReadonlyArray<string>,
  { texts, version }: { readonly texts: Readonly<Record<string, string>>; readonly version: string }
): string | undefined => {
  const flag = args.at(-1)
  if (args.length === 1 && (flag === "--version" || flag === "-v")) return versionText(version)
  if (args.length > 2 || (flag !== "--help" && flag !== "-h")) return undefined
  const command = args.length === 2 ? (args[0] ?? "") : ""
  return Object.hasOwn(texts, command) ? texts[command] : undefined
}

const versionText = (version: string): string => `gitpip v${version}`
