// Made by test/help.test.ts, which says how.
export const helpTexts: Readonly<Record<string, string>> = {
  "": `DESCRIPTION
  Put every new public gist file of the GitHub users you track into Pipedrive, and ask what is new. Settings come from the environment; try \`gitpip demo\` first

USAGE
  gitpip <subcommand> [flags]

GLOBAL FLAGS
  --help, -h                                          Show help information
  --version, -v                                       Show version information
  --completions <bash|zsh|fish|powershell|sh|pwsh>    Print shell completion script (choices: bash, zsh, fish, powershell, sh, pwsh)

SUBCOMMANDS
  serve      Run the server: scan, publish and answer over HTTP
  track      Track GitHub users
  untrack    Stop tracking a user
  users      List the tracked users
  scan       Scan once and publish what was found
  latest     Show what is new of a user since the last visit
  history    List a user's files, newest found first
  retry      Try failed publications again, or list them
  status     Show how things stand
  doctor     Check settings, database, GitHub and Pipedrive
  migrate    Bring the database's schema up to date
  export     Write all state to a file
  import     Take over state from a file
  demo       See everything work, without any account`,
  serve: `DESCRIPTION
  Scan at every interval, publish, and answer over HTTP, until stopped. Logs go to stdout

USAGE
  gitpip serve [flags]

FLAGS
  --json    Log one JSON document per line, whatever GITPIP_LOG_FORMAT says

GLOBAL FLAGS
  --help, -h                                          Show help information
  --version, -v                                       Show version information
  --completions <bash|zsh|fish|powershell|sh|pwsh>    Print shell completion script (choices: bash, zsh, fish, powershell, sh, pwsh)`,
  track: `DESCRIPTION
  Track GitHub users: every file of their public gists is published from now on

USAGE
  gitpip track [flags] [<USERNAME...>]

ARGUMENTS
  USERNAME... string    GitHub user names, in any case (optional)

FLAGS
  --id N         Your own number for the user, if it is one. Default: the next free one
  --from FILE    Track those in a file as well: USERNAME or USERNAME,ID on each line; - reads stdin
  --dry-run      Show what tracking one user would publish and cost, and store nothing
  --json         Print one JSON document instead of text

GLOBAL FLAGS
  --help, -h                                          Show help information
  --version, -v                                       Show version information
  --completions <bash|zsh|fish|powershell|sh|pwsh>    Print shell completion script (choices: bash, zsh, fish, powershell, sh, pwsh)

EXAMPLES
  # Track octocat under the next free id
  gitpip track octocat

  # See first what that would publish
  gitpip track octocat --dry-run

  # Track all that are in a file
  gitpip track --from contacts.csv`,
  untrack: `DESCRIPTION
  Stop tracking a user. What was found stays, and what waits is still published

USAGE
  gitpip untrack [flags] <USERNAME>

ARGUMENTS
  USERNAME string    GitHub user name, in any case

FLAGS
  --json    Print one JSON document instead of text

GLOBAL FLAGS
  --help, -h                                          Show help information
  --version, -v                                       Show version information
  --completions <bash|zsh|fish|powershell|sh|pwsh>    Print shell completion script (choices: bash, zsh, fish, powershell, sh, pwsh)`,
  users: `DESCRIPTION
  List the tracked users, by id

USAGE
  gitpip users [flags]

FLAGS
  --json    Print one JSON document instead of text

GLOBAL FLAGS
  --help, -h                                          Show help information
  --version, -v                                       Show version information
  --completions <bash|zsh|fish|powershell|sh|pwsh>    Print shell completion script (choices: bash, zsh, fish, powershell, sh, pwsh)`,
  scan: `DESCRIPTION
  Scan once, then publish until nothing is left that is due within a minute. Exits with 1 if anything failed or is left unpublished

USAGE
  gitpip scan [flags] [<USERNAME...>]

ARGUMENTS
  USERNAME... string    Only these users. Default: all that are tracked (optional)

FLAGS
  --json    Print one JSON document instead of text

GLOBAL FLAGS
  --help, -h                                          Show help information
  --version, -v                                       Show version information
  --completions <bash|zsh|fish|powershell|sh|pwsh>    Print shell completion script (choices: bash, zsh, fish, powershell, sh, pwsh)`,
  latest: `DESCRIPTION
  Show a user's files that are new since the last visit, and record this one

USAGE
  gitpip latest [flags] <USERNAME>

ARGUMENTS
  USERNAME string    GitHub user name, in any case

FLAGS
  --visitor NAME    Who looks: each visitor sees every file once. Default: the one that all share
  --again           Show what the last visit showed, once more; records none
  --open            Open the new files' pages in the browser, 10 at most
  --json            Print one JSON document instead of text

GLOBAL FLAGS
  --help, -h                                          Show help information
  --version, -v                                       Show version information
  --completions <bash|zsh|fish|powershell|sh|pwsh>    Print shell completion script (choices: bash, zsh, fish, powershell, sh, pwsh)`,
  history: `DESCRIPTION
  List a user's files, newest found first, without recording a visit

USAGE
  gitpip history [flags] <USERNAME>

ARGUMENTS
  USERNAME string    GitHub user name, in any case

FLAGS
  --limit N     How many files, at most 10000. Default: 100
  --after ID    Go on after the file of this id, the last one of the list before
  --json        Print one JSON document instead of text

GLOBAL FLAGS
  --help, -h                                          Show help information
  --version, -v                                       Show version information
  --completions <bash|zsh|fish|powershell|sh|pwsh>    Print shell completion script (choices: bash, zsh, fish, powershell, sh, pwsh)`,
  retry: `DESCRIPTION
  Try failed publications again, or list them with the reasons

USAGE
  gitpip retry [flags] [<PUBLICATION...>]

ARGUMENTS
  PUBLICATION... string    Numbers of failed or gone publications. Default: list those that failed (optional)

FLAGS
  --all     Try all failed ones again
  --json    Print one JSON document instead of text

GLOBAL FLAGS
  --help, -h                                          Show help information
  --version, -v                                       Show version information
  --completions <bash|zsh|fish|powershell|sh|pwsh>    Print shell completion script (choices: bash, zsh, fish, powershell, sh, pwsh)`,
  status: `DESCRIPTION
  Show how things stand: users, the last scan, what waits and what failed

USAGE
  gitpip status [flags]

FLAGS
  --json    Print one JSON document instead of text

GLOBAL FLAGS
  --help, -h                                          Show help information
  --version, -v                                       Show version information
  --completions <bash|zsh|fish|powershell|sh|pwsh>    Print shell completion script (choices: bash, zsh, fish, powershell, sh, pwsh)`,
  doctor: `DESCRIPTION
  Check the settings, the database, GitHub, and Pipedrive's token and activity type, and say how to mend what is wrong. With GITPIP_URL: the settings and that server. Costs 20 Pipedrive tokens

USAGE
  gitpip doctor [flags]

FLAGS
  --json    Print one JSON document instead of text

GLOBAL FLAGS
  --help, -h                                          Show help information
  --version, -v                                       Show version information
  --completions <bash|zsh|fish|powershell|sh|pwsh>    Print shell completion script (choices: bash, zsh, fish, powershell, sh, pwsh)`,
  migrate: `DESCRIPTION
  Bring the database's schema up to date. Every command that uses the database does so by itself

USAGE
  gitpip migrate [flags]

FLAGS
  --json    Print one JSON document instead of text

GLOBAL FLAGS
  --help, -h                                          Show help information
  --version, -v                                       Show version information
  --completions <bash|zsh|fish|powershell|sh|pwsh>    Print shell completion script (choices: bash, zsh, fish, powershell, sh, pwsh)`,
  export: `DESCRIPTION
  Write all that the database remembers to a file, for moving it to another database with \`gitpip import\`

USAGE
  gitpip export [flags] <FILE>

ARGUMENTS
  FILE path    A file that is not there yet; packed when its name ends in .gz

FLAGS
  --json    Print one JSON document instead of text

GLOBAL FLAGS
  --help, -h                                          Show help information
  --version, -v                                       Show version information
  --completions <bash|zsh|fish|powershell|sh|pwsh>    Print shell completion script (choices: bash, zsh, fish, powershell, sh, pwsh)

EXAMPLES
  # Write the database of the settings to a packed file
  gitpip export state.jsonl.gz`,
  import: `DESCRIPTION
  Take over a file that \`gitpip export\` wrote, into the database of the settings, which must be empty: all of it or, when anything is wrong, nothing

USAGE
  gitpip import [flags] <FILE>

ARGUMENTS
  FILE path    A file that \`gitpip export\` wrote

FLAGS
  --json    Print one JSON document instead of text

GLOBAL FLAGS
  --help, -h                                          Show help information
  --version, -v                                       Show version information
  --completions <bash|zsh|fish|powershell|sh|pwsh>    Print shell completion script (choices: bash, zsh, fish, powershell, sh, pwsh)

EXAMPLES
  # Fill the new, empty database of the settings
  gitpip import state.jsonl.gz`,
  demo: `DESCRIPTION
  Show all that Gitpip does, with fakes for GitHub and Pipedrive and a database in memory. Needs no account, no settings and no network

USAGE
  gitpip demo [flags]

FLAGS
  --exit      End after the tour instead of serving on
  --port N    Port to serve on, on 127.0.0.1; 0 takes any free one. Default: 8080
  --json      Print one JSON document instead of text

GLOBAL FLAGS
  --help, -h                                          Show help information
  --version, -v                                       Show version information
  --completions <bash|zsh|fish|powershell|sh|pwsh>    Print shell completion script (choices: bash, zsh, fish, powershell, sh, pwsh)`
}
