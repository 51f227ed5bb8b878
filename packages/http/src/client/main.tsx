/** Draws the page, follows its address, and listens for changes. */
import { render } from "preact"
import { go, signIn, signOut } from "./actions.js"
import { asksForKey, type ChangeJson } from "./api.js"
import { OverviewPage } from "./overview.js"
import { enter, hear, refresh } from "./reading.js"
import { onChange, routeOf, set, state } from "./state.js"
import { UserPage } from "./user.js"

const Page = () => (
  <>
    <a class="skip" href="#main">
      Skip to the content
    </a>
    <header>
      <a class="brand" href="./">
        Gitpip
      </a>
      <span class={`live ${state.live ? "on" : "off"}`}>{state.live ? "live" : "not connected"}</span>
      {asksForKey && state.signIn === "done" ? (
        <button type="button" onClick={signOut}>
          Sign out
        </button>
      ) : null}
    </header>
    <div class="said" role="status">
      {state.said}
    </div>
    <main id="main">
      {state.problem === null ? null : (
        <p class="problem" role="alert">
          {state.problem}
        </p>
      )}
      {state.signIn === "needed" ? <SignIn /> : state.route === null ? <OverviewPage /> : <UserPage />}
    </main>
  </>
)

const focusUnlessElsewhere = (input: HTMLInputElement | null): void => {
  if (document.activeElement === document.body) input?.focus()
}

const SignIn = () => (
  <form
    class="sign-in"
    onSubmit={(event) => {
      event.preventDefault()
      void signIn(String(new FormData(event.currentTarget).get("key")).trim())
    }}
  >
    <h1 tabIndex={-1}>Sign in</h1>
    <label for="key">The server's API key (GITPIP_API_KEY)</label>
    <input id="key" name="key" type="password" required autoComplete="current-password" ref={focusUnlessElsewhere} />
    <button type="submit" class="main">
      Sign in
    </button>
  </form>
)

const root = document.getElementById("page")
if (root === null) throw new Error("the shell has no element with the id page")
root.replaceChildren()

let drawnRoute = state.route
let focusDue = false

onChange(() => {
  document.title = state.route === null ? "Gitpip" : `${state.route} · Gitpip`
  render(<Page />, root)
  if (state.route !== drawnRoute) {
    drawnRoute = state.route
    focusDue = true
  }
  // A screen reader announces the new page by its heading.
  const heading = document.querySelector("h1")
  if (focusDue && heading !== null) {
    focusDue = false
    heading.focus()
  }
  listen()
})

/** Links within the page change only its address. */
document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a") : null
  if (
    link === null ||
    link.target !== "" ||
    event.button !== 0 ||
    event.ctrlKey ||
    event.metaKey ||
    event.shiftKey ||
    event.altKey
  )
    return
  if (link.origin !== location.origin || link.pathname !== location.pathname || link.hash !== "") return
  event.preventDefault()
  go(link.href)
})

window.addEventListener("popstate", () => {
  // A hash within the same page does not change the route.
  if (routeOf() !== state.route) enter()
})

let events: EventSource | undefined
/** Set while the page waits after a refused connection. */
let refused: ReturnType<typeof setTimeout> | undefined

/**
 * Hazard: a browser opens six connections to a server for all of its windows together, and each listening window holds
 * one. So only a visible page listens, and reads everything again when it becomes visible.
 */
const listen = (): void => {
  const wanted = !document.hidden && state.signIn === "done"
  if (!wanted) {
    events?.close()
    events = undefined
    if (state.live) set({ live: false })
    return
  }
  if (events !== undefined || refused !== undefined) return
  events = new EventSource("events")
  events.onmessage = ({ data }) => {
    const change = JSON.parse(String(data)) as ChangeJson
    if (change.type === "listening") set({ live: true })
    hear(change)
  }
  events.onerror = () => {
    set({ live: false })
    // Refused for good, as when the session has ended: the next reading shows the reason. Without the timer, every drawing
    // would connect again at once.
    if (events?.readyState === EventSource.CLOSED) {
      events = undefined
      refused = setTimeout(() => {
        refused = undefined
        void refresh()
      }, 5_000)
    }
  }
}

document.addEventListener("visibilitychange", () => {
  listen()
  if (!document.hidden) void refresh()
})

// Redraws relative times.
setInterval(() => set({}), 10_000)
// Events can be missed.
setInterval(() => {
  if (!document.hidden && state.signIn !== "needed") void refresh()
}, 60_000)

set({})
void refresh()
