import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Option, Redacted } from "effect"
import { definitions, secretsOf } from "../src/Settings.ts"
import { faults, load } from "./settings/load.ts"

const secret = "s3cr3t-value"

describe("settings", () => {
  it.effect("have defaults that need nothing set", () =>
    Effect.gen(function* () {
      const settings = yield* load({})
      assert.deepStrictEqual(
        { ...settings },
        {
          pipedrive: Option.none(),
          publishAs: "activity",
          activity: {
            type: "task",
            done: false,
            owner: "deal",
            due: Option.some(0),
            priority: Option.none(),
            timeZone: Option.none(),
            fallbackZone: "UTC"
          },
          deal: {
            title: "{login}",
            pipeline: Option.none(),
            stage: Option.none(),
            owner: Option.none(),
            labels: [],
            visibility: Option.none(),
            closed: "keep",
            field: Option.none()
          },
          lead: { owner: Option.none(), labels: [], visibility: Option.none() },
          person: { mode: "create", field: Option.none() },
          organization: { mode: "off" },
          followPipedrive: Option.none(),
          backfill: "all",
          files: { include: [], exclude: [], languages: [], maxFileSize: Number.POSITIVE_INFINITY, forks: "publish" },
          postgres: Option.none(),
          dataDir: ".gitpip",
          githubToken: Option.none(),
          githubApiUrl: "https://api.github.com",
          proxies: { https: Option.none(), http: Option.none(), except: [] },
          authorities: Option.none(),
          host: "127.0.0.1",
          port: 8080,
          apiKey: Option.none(),
          url: Option.none(),
          rateLimit: 6_000,
          trustedProxies: [],
          scanInterval: Duration.minutes(5),
          maxDelay: Duration.days(1),
          keepHistory: Duration.days(90),
          feed: true,
          logLevel: "Info",
          logFormat: "pretty",
          googleProject: Option.none()
        }
      )
    })
  )

  it.effect("are each read from their variable", () =>
    Effect.gen(function* () {
      const env = {
        PIPEDRIVE_TOKEN: "pipedrive-token",
        PIPEDRIVE_ORG: "acme",
        POSTGRES_CONNECTION_STRING: "postgresql://u:p@h:5433/d?sslmode=require",
        GITHUB_TOKEN: "github-token",
        GITHUB_API_URL: "https://ghe.example.org/api/v3/",
        PIPEDRIVE_API_URL: "http://127.0.0.1:9000",
        HTTPS_PROXY: "http://proxy.corp:3128",
        HTTP_PROXY: "https://user:proxy-password@proxy.corp",
        NO_PROXY: "ghe.corp, 10.0.0.0/8",
        NODE_EXTRA_CA_CERTS: "",
        GITPIP_HOST: "0.0.0.0",
        GITPIP_PORT: "65535",
        GITPIP_SCAN_INTERVAL: "90 seconds",
        GITPIP_MAX_DELAY: "6 hours",
        GITPIP_KEEP_HISTORY: "2 weeks",
        GITPIP_FEED: "no",
        GITPIP_DATA_DIR: "/var/lib/gitpip",
        GITPIP_API_KEY: "api-key",
        GITPIP_URL: "https://gitpip.example.org/base/",
        GITPIP_RATE_LIMIT: "120",
        GITPIP_TRUSTED_PROXIES: "127.0.0.1,10.1.2.3/8 , ::1,fd00::/8",
        GITPIP_PUBLISH_AS: "deal",
        GITPIP_ACTIVITY_TYPE: "gist",
        GITPIP_ACTIVITY_DONE: "yes",
        GITPIP_ACTIVITY_OWNER: "me",
        GITPIP_ACTIVITY_DUE: "none",
        GITPIP_ACTIVITY_PRIORITY: "High",
        GITPIP_TIME_ZONE: "Europe/Berlin",
        GITPIP_DEAL_TITLE: "GitHub: {login}",
        GITPIP_DEAL_PIPELINE: " Developers ",
        GITPIP_DEAL_STAGE: "New",
        GITPIP_DEAL_OWNER: "ann@example.com",
        GITPIP_DEAL_LABELS: "Hot , GitHub",
        GITPIP_DEAL_VISIBILITY: "3",
        GITPIP_DEAL_CLOSED: "replace",
        GITPIP_DEAL_FIELD: "GitHub",
        GITPIP_LEAD_OWNER: "ann@example.com",
        GITPIP_LEAD_LABELS: "Hot , GitHub",
        GITPIP_LEAD_VISIBILITY: "3",
        GITPIP_PERSON: "link",
        GITPIP_PERSON_FIELD: " GitHub ",
        GITPIP_ORGANIZATION: "create",
        GITPIP_FOLLOW_PIPEDRIVE: "1 hour",
        GITPIP_BACKFILL: "none",
        GITPIP_INCLUDE: " *.md, *.{py,rb} ",
        GITPIP_EXCLUDE: "*.lock",
        GITPIP_LANGUAGES: "Python, Jupyter Notebook",
        GITPIP_MAX_FILE_SIZE: "500 kb",
        GITPIP_FORKS: "skip",
        GITPIP_LOG_LEVEL: "Debug",
        GITPIP_LOG_FORMAT: "json",
        GOOGLE_CLOUD_PROJECT: "my-project-123"
      }
      assert.deepStrictEqual(Object.keys(env).toSorted(), Object.keys(definitions).toSorted())
      const { apiKey, githubToken, pipedrive, postgres, proxies, trustedProxies, ...plain } = yield* load(env)
      assert.deepStrictEqual(
        [proxies.https, proxies.http].map(Option.map(({ address, origin }) => [Redacted.value(address), origin])),
        [
          Option.some(["http://proxy.corp:3128/", "http://proxy.corp:3128"]),
          Option.some(["https://user:proxy-password@proxy.corp/", "https://proxy.corp"])
        ]
      )
      assert.deepStrictEqual(proxies.except, ["ghe.corp", "10.0.0.0/8"])
      assert.deepStrictEqual(trustedProxies.map(String), ["127.0.0.1/32", "10.0.0.0/8", "::1/128", "fd00::/8"])
      assert.deepStrictEqual(plain, {
        publishAs: "deal",
        activity: {
          type: "gist",
          done: true,
          owner: "me",
          due: Option.none(),
          priority: Option.some("High"),
          timeZone: Option.some("Europe/Berlin"),
          fallbackZone: "UTC"
        },
        deal: {
          title: "GitHub: {login}",
          pipeline: Option.some("Developers"),
          stage: Option.some("New"),
          owner: Option.some("ann@example.com"),
          labels: ["Hot", "GitHub"],
          visibility: Option.some("3"),
          closed: "replace",
          field: Option.some("GitHub")
        },
        lead: { owner: Option.some("ann@example.com"), labels: ["Hot", "GitHub"], visibility: Option.some("3") },
        person: { mode: "link", field: Option.some("GitHub") },
        organization: { mode: "create" },
        followPipedrive: Option.some(Duration.hours(1)),
        backfill: "none",
        files: {
          include: ["*.md", "*.{py,rb}"],
          exclude: ["*.lock"],
          languages: ["Python", "Jupyter Notebook"],
          maxFileSize: 500_000,
          forks: "skip"
        },
        dataDir: "/var/lib/gitpip",
        githubApiUrl: "https://ghe.example.org/api/v3",
        authorities: Option.none(),
        host: "0.0.0.0",
        port: 65535,
        url: Option.some("https://gitpip.example.org/base"),
        rateLimit: 120,
        scanInterval: Duration.seconds(90),
        maxDelay: Duration.hours(6),
        keepHistory: Duration.days(14),
        feed: false,
        logLevel: "Debug",
        logFormat: "json",
        googleProject: Option.some("my-project-123")
      })
      const open = Option.map<Redacted.Redacted, string>(Redacted.value)
      assert.deepStrictEqual(
        [open(apiKey), open(githubToken), open(postgres)],
        [Option.some(env.GITPIP_API_KEY), Option.some(env.GITHUB_TOKEN), Option.some(env.POSTGRES_CONNECTION_STRING)]
      )
      assert.deepStrictEqual(
        Option.map(pipedrive, ({ origin, token }) => [origin, Redacted.value(token)]),
        Option.some([env.PIPEDRIVE_API_URL, env.PIPEDRIVE_TOKEN])
      )
    })
  )

  it.effect("settings lead to the company's own Pipedrive unless they name another address", () =>
    Effect.gen(function* () {
      const { pipedrive } = yield* load({ PIPEDRIVE_TOKEN: "t", PIPEDRIVE_ORG: "acme" })
      assert.strictEqual(Option.getOrThrow(pipedrive).origin, "https://acme.pipedrive.com")
      const other = yield* load({ PIPEDRIVE_TOKEN: "t", PIPEDRIVE_API_URL: "https://proxy.example.org/" })
      assert.strictEqual(Option.getOrThrow(other.pipedrive).origin, "https://proxy.example.org")
    })
  )

  it.effect("make no user wait for less than one interval", () =>
    Effect.gen(function* () {
      const { maxDelay } = yield* load({ GITPIP_SCAN_INTERVAL: "2 hours", GITPIP_MAX_DELAY: "1 hour" })
      assert.deepStrictEqual(maxDelay, Duration.hours(2))
    })
  )

  it.effect("that are empty count as missing", () =>
    Effect.gen(function* () {
      const { POSTGRES_CONNECTION_STRING: _, ...others } = definitions
      const empty = yield* load(Object.fromEntries(Object.keys(others).map((name) => [name, ""])))
      assert.deepStrictEqual({ ...empty }, { ...(yield* load({})) })
    })
  )

  it.effect("that are secrets and blank count as missing, so that no blank API key lets all callers in", () =>
    Effect.gen(function* () {
      for (const blank of [" ", "\t", "\n", " \r\n "]) {
        const settings = yield* load({
          GITHUB_TOKEN: blank,
          GITPIP_API_KEY: blank,
          PIPEDRIVE_TOKEN: blank
        })
        assert.deepStrictEqual(
          [settings.githubToken, settings.apiKey, settings.pipedrive],
          [Option.none(), Option.none(), Option.none()]
        )
      }
    })
  )

  it.effect("with an empty address of a database are refused, so that no empty database takes its place", () =>
    Effect.gen(function* () {
      for (const blank of ["", " ", "\n", "''"]) {
        const { POSTGRES_CONNECTION_STRING: reason } = yield* faults({ POSTGRES_CONNECTION_STRING: blank })
        assert.match(reason ?? "", /is empty.*unset it to use the embedded database/)
      }
    })
  )

  it.effect("with an address that has more than an origin say so at once", () =>
    Effect.gen(function* () {
      for (const [address, reason] of [
        ["http://h/x?y", /must be an origin/],
        ["http://h?y", /must be an origin/],
        ["http://h/x", /must be an origin/],
        ["http://u@h/x?y", /must not hold a user name/]
      ] as const) {
        assert.match((yield* faults({ PIPEDRIVE_API_URL: address })).PIPEDRIVE_API_URL ?? "", reason)
      }
      assert.match((yield* faults({ GITHUB_API_URL: "http://h/x?y" })).GITHUB_API_URL ?? "", /must end with the path/)
    })
  )

  it.effect("that are secrets lose the line break a file or shell leaves around them", () =>
    Effect.gen(function* () {
      const settings = yield* load({ GITHUB_TOKEN: ` ${secret}\r\n` })
      assert.deepStrictEqual(Option.map(settings.githubToken, Redacted.value), Option.some(secret))
      assert.deepStrictEqual(secretsOf(settings), [secret])
    })
  )

  it.effect("that cannot be used are all named in one message", () =>
    Effect.gen(function* () {
      const found = yield* faults({
        PIPEDRIVE_TOKEN: "two words",
        PIPEDRIVE_ORG: "https://acme.pipedrive.com",
        POSTGRES_CONNECTION_STRING: "mysql://u:p@h/d",
        GITHUB_TOKEN: "line\nbreak",
        GITHUB_API_URL: "ftp://api.github.com",
        PIPEDRIVE_API_URL: "acme.pipedrive.com",
        HTTPS_PROXY: "ftp://proxy.corp",
        HTTP_PROXY: "http://proxy.corp:port",
        NODE_EXTRA_CA_CERTS: "/nowhere/ca.pem",
        GITPIP_PORT: "99999",
        GITPIP_SCAN_INTERVAL: "soon",
        GITPIP_MAX_DELAY: "never",
        GITPIP_KEEP_HISTORY: "always",
        GITPIP_FEED: "perhaps",
        GITPIP_API_KEY: "schlüssel",
        GITPIP_URL: "127.0.0.1:8080",
        GITPIP_RATE_LIMIT: "0",
        GITPIP_TRUSTED_PROXIES: "proxy.example",
        GITPIP_PUBLISH_AS: "email",
        GITPIP_ACTIVITY_DONE: "perhaps",
        GITPIP_ACTIVITY_OWNER: " ",
        GITPIP_ACTIVITY_DUE: "tomorrow",
        GITPIP_ACTIVITY_PRIORITY: " ",
        GITPIP_TIME_ZONE: "Berlin",
        GITPIP_DEAL_TITLE: "{name}",
        GITPIP_DEAL_PIPELINE: " ",
        GITPIP_DEAL_STAGE: "x".repeat(256),
        GITPIP_DEAL_OWNER: " ",
        GITPIP_DEAL_LABELS: "Hot,,GitHub",
        GITPIP_DEAL_VISIBILITY: " ",
        GITPIP_DEAL_CLOSED: "reopen",
        GITPIP_DEAL_FIELD: "x".repeat(256),
        GITPIP_LEAD_OWNER: " ",
        GITPIP_LEAD_LABELS: "Hot,,GitHub",
        GITPIP_LEAD_VISIBILITY: " ",
        GITPIP_PERSON: "always",
        GITPIP_ORGANIZATION: "yes",
        GITPIP_PERSON_FIELD: " ",
        GITPIP_FOLLOW_PIPEDRIVE: "daily",
        GITPIP_BACKFILL: "some",
        GITPIP_INCLUDE: "*.md,,*.py",
        GITPIP_EXCLUDE: ",",
        GITPIP_LANGUAGES: "Python,",
        GITPIP_MAX_FILE_SIZE: "big",
        GITPIP_FORKS: "none",
        GITPIP_LOG_LEVEL: "loud",
        GITPIP_LOG_FORMAT: "xml",
        GOOGLE_CLOUD_PROJECT: "My Project"
      })
      // Any non-empty host, directory and activity type may be meant, and any domain.
      const free = ["NO_PROXY", "GITPIP_HOST", "GITPIP_DATA_DIR", "GITPIP_ACTIVITY_TYPE"]
      assert.deepStrictEqual(
        Object.keys(found).toSorted(),
        Object.keys(definitions)
          .filter((name) => !free.includes(name))
          .toSorted()
      )
      // The schema library's own words name types, and not what to do.
      for (const fault of Object.values(found)) assert.notMatch(fault, /Expected|SchemaError|got /)
    })
  )

  it.effect("name a lead without a person, which Pipedrive does not have", () =>
    Effect.gen(function* () {
      const found = yield* faults({ GITPIP_PUBLISH_AS: "lead", GITPIP_PERSON: "off" })
      assert.deepStrictEqual(Object.keys(found), ["GITPIP_PERSON"])
      assert.match(found.GITPIP_PERSON ?? "", /^must be `create` or `link` with GITPIP_PUBLISH_AS=lead/)
      assert.strictEqual((yield* load({ GITPIP_PUBLISH_AS: "deal", GITPIP_PERSON: "off" })).person.mode, "off")
    })
  )

  const wrong: ReadonlyArray<readonly [name: string, value: string, says: RegExp]> = [
    ["GITPIP_FOLLOW_PIPEDRIVE", "10 seconds", /^must be at least 1 minute and at most 365 days: for example `1 hour`$/],
    ["GITPIP_FOLLOW_PIPEDRIVE", "1 hour", /^needs GITPIP_PERSON_FIELD, the field of persons/],
    ["GITHUB_TOKEN", "one,two", /holds several tokens; GitHub's terms .* forbid .*\. Give one token$/],
    ["GITHUB_TOKEN", " one , two\n", /holds several tokens/],
    ["GITHUB_TOKEN", "one,", /holds several tokens/],
    ["GITHUB_TOKEN", "one two", /without spaces/],
    ["GITHUB_API_URL", "api.github.com", /https:\/\/ or http:\/\//],
    ["GITPIP_PORT", "http", /port number, 0 to 65535/],
    ["GITHUB_API_URL", "file:///etc/passwd", /https:\/\//],
    ["GITHUB_API_URL", "https://user@api.github.com", /user name/],
    ["GITHUB_API_URL", "https://api.github.com/?a=1", /\?/],
    ["GITHUB_API_URL", "https://api.github.com/#a", /#/],
    ["PIPEDRIVE_API_URL", "https://acme.pipedrive.com/api/v2", /origin/],
    ["PIPEDRIVE_ORG", "acme.pipedrive.com", /subdomain/],
    ["PIPEDRIVE_ORG", "-acme", /subdomain/],
    ["GITPIP_SCAN_INTERVAL", "0 seconds", /at least 1 second/],
    ["GITPIP_SCAN_INTERVAL", "999 millis", /at least 1 second/],
    ["GITPIP_SCAN_INTERVAL", "Infinity", /at most 365 days/],
    ["GITPIP_MAX_DELAY", "366 days", /at most 365 days/],
    ["GITPIP_SCAN_INTERVAL", "0s", /at least 1 second/],
    ["GITPIP_KEEP_HISTORY", "23 hours", /at least 1 day/],
    ["GITPIP_KEEP_HISTORY", "36501 days", /`forever`/],
    ["GITPIP_KEEP_HISTORY", "37000 days", /at most 36,500 days: for example `90 days`$/],
    ["GITPIP_KEEP_HISTORY", "Infinity", /^must be `forever`, or a number and its unit/],
    ["GITPIP_KEEP_HISTORY", "infinity", /^must be `forever`, or a number and its unit/],
    ["GITPIP_KEEP_HISTORY", "-Infinity", /at least 1 day/],
    ["GITPIP_KEEP_HISTORY", "90", /`forever`.*`90d`/],
    ["GITPIP_MAX_DELAY", "366d", /at most 365 days/],
    ["GITPIP_SCAN_INTERVAL", "-5m", /its unit.*`5m`/],
    ["GITPIP_SCAN_INTERVAL", "5x", /its unit.*`5m`/],
    ["GITPIP_SCAN_INTERVAL", "5m nonsense", /its unit.*`5m`/],
    ["GITPIP_SCAN_INTERVAL", "5", /its unit: `30 seconds`/],
    ["GITPIP_PORT", "-1", /0 to 65535/],
    ["GITPIP_PORT", "65536", /0 to 65535/],
    ["GITPIP_PORT", "8080.5", /./],
    ["GITPIP_PORT", "http", /number/],
    ["GITPIP_RATE_LIMIT", "-1", /a minute.*`none`/],
    ["GITPIP_RATE_LIMIT", "1e3", /a minute.*`none`/],
    ["GITPIP_RATE_LIMIT", "off", /a minute.*`none`/],
    ["GITPIP_TRUSTED_PROXIES", "10.0.0.0/33", /addresses or subnets/],
    ["GITPIP_TRUSTED_PROXIES", "10.0.0.0/", /addresses or subnets/],
    ["GITPIP_TRUSTED_PROXIES", "10.0.0.0/8/8", /addresses or subnets/],
    ["GITPIP_TRUSTED_PROXIES", "127.0.0.1,", /addresses or subnets/],
    ["GITPIP_TRUSTED_PROXIES", "::1/129", /addresses or subnets/],
    ["GITHUB_API_URL", "http://127.0.0.1:6000", /uses port 6000, .*`fetch`.* Give an address with another port$/],
    ["PIPEDRIVE_API_URL", "http://127.0.0.1:6667", /uses port 6667/],
    ["HTTPS_PROXY", "socks5://me:hush@proxy.corp:1080", /^names a SOCKS proxy\. Give the address of an HTTP proxy$/],
    ["HTTPS_PROXY", "http://proxy.corp:3128/path", /^must be the address of a proxy: `http:\/\/HOST:PORT`/],
    ["HTTPS_PROXY", "http://me:hu%sh@proxy.corp", /special characters of the password written as `%XX`/],
    ["HTTP_PROXY", "http://", /^must be the address of a proxy/],
    [
      "NODE_EXTRA_CA_CERTS",
      "/nowhere/ca.pem",
      /^the file "\/nowhere\/ca.pem" cannot be read \(ENOENT\)\. Correct the path/
    ],
    ["NODE_EXTRA_CA_CERTS", "package.json", /^no certificate came from the file.*PEM form, in the environment/],
    ["GITPIP_URL", "http://127.0.0.1:10080", /uses port 10080/],
    ["GITPIP_MAX_DELAY", "soon", /^must be a number and its unit/],
    ["GITPIP_FEED", "2", /^must be `true` or `false`$/],
    ["GITPIP_PUBLISH_AS", "Deal", /^must be `activity`, `deal` or `lead`$/],
    ["GITPIP_ACTIVITY_DONE", "2", /^must be `true` or `false`$/],
    ["GITPIP_ACTIVITY_DUE", "366", /^must be a number of days, 0 to 365, or `none`$/],
    ["GITPIP_ACTIVITY_DUE", "-1", /^must be a number of days/],
    ["GITPIP_TIME_ZONE", "Berlin", /^must be a time zone of .*`Europe\/Berlin`/],
    ["GITPIP_DEAL_TITLE", "{login} {email}", /^has no value for \{email\}/],
    ["GITPIP_DEAL_LABELS", "Hot,", /^must not be blank$/],
    ["GITPIP_DEAL_CLOSED", "reopen", /^must be `keep` or `replace`$/],
    ["GITPIP_BACKFILL", "some", /^must be `all` or `none`$/],
    ["GITPIP_INCLUDE", "*.md,", /^must be patterns of file names with commas between: /],
    ["GITPIP_EXCLUDE", ",", /^must be patterns of file names/],
    ["GITPIP_LANGUAGES", "Python,", /^must not be blank$/],
    ["GITPIP_MAX_FILE_SIZE", "big", /^must be a whole number of `B`, `KB` or `MB`, or `none`$/],
    ["GITPIP_LOG_LEVEL", "loud", /^must be `Trace`, `Debug`, `Info`, `Warn`, `Error`, `Fatal`, `All` or `None`$/],
    ["GITPIP_LOG_FORMAT", "xml", /^must be `pretty`, `json` or `logfmt`$/],
    ["POSTGRES_CONNECTION_STRING", "localhost:5432", /postgres:\/\//],
    ["POSTGRES_CONNECTION_STRING", "postgres://u:p@h:99999/d", /cannot be read.*%40/],
    ["POSTGRES_CONNECTION_STRING", "postgres://u:p#w@h/d", /cannot be read.*%40/],
    ["POSTGRES_CONNECTION_STRING", "postgres://u:12/p@h/d", /cannot be read.*%40/]
  ]
  for (const [name, value, says] of wrong) {
    it.effect(`say what is wrong with ${name}=${value}`, () =>
      Effect.gen(function* () {
        const found = yield* faults({ [name]: value })
        assert.deepStrictEqual(Object.keys(found), [name])
        assert.match(found[name] ?? "", says)
      })
    )
  }

  it.effect("name the half that is missing of Pipedrive's two", () =>
    Effect.gen(function* () {
      assert.match(
        (yield* faults({ PIPEDRIVE_TOKEN: "t" })).PIPEDRIVE_ORG ?? "",
        /is missing although PIPEDRIVE_TOKEN is set/
      )
      for (const half of [{ PIPEDRIVE_ORG: "acme" }, { PIPEDRIVE_API_URL: "https://acme.pipedrive.com" }]) {
        assert.match((yield* faults(half)).PIPEDRIVE_TOKEN ?? "", /is missing although/)
      }
      // Together with every other fault, not one deployment later.
      assert.deepStrictEqual(Object.keys(yield* faults({ PIPEDRIVE_TOKEN: "t", GITPIP_PORT: "-1" })).toSorted(), [
        "GITPIP_PORT",
        "PIPEDRIVE_ORG"
      ])
      // A wrong one is not called missing as well.
      assert.deepStrictEqual(Object.keys(yield* faults({ PIPEDRIVE_TOKEN: "t", PIPEDRIVE_ORG: "a b" })), [
        "PIPEDRIVE_ORG"
      ])
      assert.deepStrictEqual(Object.keys(yield* faults({ PIPEDRIVE_TOKEN: "a b", PIPEDRIVE_ORG: "acme" })), [
        "PIPEDRIVE_TOKEN"
      ])
    })
  )

  it.effect("take a Google Cloud project that other programs read for what it is only in the `json` log", () =>
    Effect.gen(function* () {
      for (const [project, format] of [
        [" ", "json"],
        ["My Project", "pretty"],
        ["My Project", "logfmt"]
      ] as const) {
        const { googleProject } = yield* load({ GOOGLE_CLOUD_PROJECT: project, GITPIP_LOG_FORMAT: format })
        assert.deepStrictEqual(googleProject, Option.none(), `${project} ${format}`)
      }
      assert.deepStrictEqual((yield* load({ GOOGLE_CLOUD_PROJECT: "My Project" })).googleProject, Option.none())
      const found = yield* faults({ GOOGLE_CLOUD_PROJECT: "My Project", GITPIP_LOG_FORMAT: "json" })
      assert.match(found.GOOGLE_CLOUD_PROJECT ?? "", /^must be the id of a Google Cloud project/)
    })
  )

  it.effect("take `none` for a rate without a limit", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* load({ GITPIP_RATE_LIMIT: "none" })).rateLimit, Number.POSITIVE_INFINITY)
    })
  )

  it.effect("never show a secret: not when printed, not when refused", () =>
    Effect.gen(function* () {
      const settings = yield* load({
        PIPEDRIVE_TOKEN: secret,
        PIPEDRIVE_ORG: "acme",
        POSTGRES_CONNECTION_STRING: `postgres://u:${secret}@h/d`,
        GITHUB_TOKEN: secret,
        GITPIP_API_KEY: secret,
        HTTPS_PROXY: `http://me:${secret}@proxy.corp:3128`
      })
      for (const text of [
        JSON.stringify(settings),
        inspect(settings, { depth: 10, showHidden: true }),
        String(settings)
      ]) {
        assert.notInclude(text, secret)
      }
      const error = yield* Effect.flip(
        load({
          PIPEDRIVE_TOKEN: `${secret} ${secret}`,
          PIPEDRIVE_API_URL: `https://u:${secret}@acme.pipedrive.com`,
          POSTGRES_CONNECTION_STRING: `mysql://u:${secret}@h/d`,
          GITHUB_TOKEN: `${secret}\n${secret}`,
          GITHUB_API_URL: `https://u:${secret}@h`,
          HTTPS_PROXY: `http://me:${secret}@proxy.corp:port`,
          GITPIP_API_KEY: `${secret}ü`
        })
      )
      assert.strictEqual(error.faults.length, 7)
      const shown = (error: Error) => [
        error.message,
        JSON.stringify(error),
        inspect(error, { depth: 10 }),
        String(error.stack)
      ]
      for (const text of shown(error)) assert.notInclude(text, secret)
      for (const url of [
        `://u:${secret}@h`,
        `https://u:${secret}@h:99999`,
        `https://u:${secret}@[`,
        `//u:${secret}@h/`
      ]) {
        for (const name of ["GITHUB_API_URL", "PIPEDRIVE_API_URL", "POSTGRES_CONNECTION_STRING"]) {
          const given = name === "POSTGRES_CONNECTION_STRING" ? url.replace("https:", "postgres:") : url
          for (const text of shown(yield* Effect.flip(load({ [name]: given })))) assert.notInclude(text, secret, name)
        }
      }
    })
  )

  it("are each described, with their default, for the documentation", () => {
    for (const [name, { fallback, meaning }] of Object.entries(definitions)) {
      assert.match(name, /^[A-Z][A-Z_]+$/)
      assert.isAbove(meaning.length, 20)
      assert.isAbove(fallback.length, 0)
    }
  })
})
