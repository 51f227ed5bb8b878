/** The form that tracks the accounts of a list: it counts them first, with what tracking them costs. */
import {
  costWords,
  countedWords,
  isKind,
  type Kind,
  kinds,
  remarks,
  sourceOf,
  titleOf,
  trackedListWords
} from "./list.js"
import { closeList, countList, goOnCounting, stopList, trackList } from "./listActions.js"
import { type ListView, set, state } from "./state.js"
import { count, number } from "./words.js"

export const ListForm = ({ hasPipedrive }: { readonly hasPipedrive: boolean }) => {
  const { list, listKind } = state
  const { example } = kinds[listKind]
  return (
    <details class="list">
      <summary>Track everybody on a list …</summary>
      <div class="actions">
        <form
          onSubmit={(event) => {
            event.preventDefault()
            void countList(sourceOf(listKind, String(new FormData(event.currentTarget).get("name") ?? "")))
          }}
        >
          <label for="list-kind">List</label>
          <select
            id="list-kind"
            name="kind"
            value={listKind}
            onChange={({ currentTarget: { value } }) => isKind(value) && set({ listKind: value })}
          >
            {(Object.keys(kinds) as ReadonlyArray<Kind>)
              .filter((kind) => kind !== "pipedrive" || hasPipedrive)
              .map((kind) => (
                <option key={kind} value={kind}>
                  {kinds[kind].title}
                </option>
              ))}
          </select>
          {example === null ? null : (
            <>
              <label for="list-name">Name</label>
              <input
                id="list-name"
                name="name"
                required
                placeholder={example}
                autoComplete="off"
                autoCapitalize="none"
                spellcheck={false}
              />
            </>
          )}
          <button type="submit" disabled={list?.doing === "tracking"}>
            Count
          </button>
        </form>
      </div>
      {list === null ? null : <Counted list={list} />}
    </details>
  )
}

const Counted = ({ list }: { readonly list: ListView }) => {
  const { counted, doing, isTracked, isWhole, source, tracked } = list
  const cost = costWords(counted)
  return (
    <section aria-labelledby="list">
      <h2 id="list">{titleOf(source)}</h2>
      {tracked === null ? (
        <>
          <p>
            {doing === "counting"
              ? `Counting … ${count(counted.accounts, "account")}`
              : `${isWhole ? "" : "Not counted to the end. "}${countedWords(counted)}`}
          </p>
          {cost === null ? null : <p>{cost}</p>}
        </>
      ) : (
        <p>
          {doing === "tracking" ? "Tracking … " : isTracked ? "" : "Not tracked to the end. "}
          {trackedListWords(tracked)}
        </p>
      )}
      {remarks(tracked ?? counted).map((remark) => (
        <p key={remark} class="quiet">
          {remark}
        </p>
      ))}
      <Buttons list={list} />
    </section>
  )
}

const Buttons = ({ list }: { readonly list: ListView }) => {
  if (list.doing !== null) {
    return (
      <button type="button" disabled={list.isStopping} onClick={() => stopList(list)}>
        {list.isStopping ? "Stopping …" : "Stop"}
      </button>
    )
  }
  const { counted, isTracked, isWhole, tracked } = list
  return (
    <div class="actions">
      <span>
        {tracked === null && counted.states.new > 0 ? (
          <button type="button" class="main" onClick={() => trackList(list)}>
            {isWhole ? `Track ${number(counted.states.new)} new` : "Track the whole list"}
          </button>
        ) : null}{" "}
        {tracked === null && !isWhole ? (
          <button type="button" onClick={() => goOnCounting(list)}>
            Go on counting
          </button>
        ) : null}{" "}
        {tracked !== null && !isTracked ? (
          <button type="button" class="main" onClick={() => trackList(list)}>
            Go on tracking
          </button>
        ) : null}{" "}
        <button type="button" onClick={closeList}>
          Close
        </button>
      </span>
    </div>
  )
}
