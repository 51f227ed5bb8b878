/** What GitHub answers, in the form that the rest of Gitpip reads. */
import type { Option } from "effect"
import type { Content, ListedFile } from "../domain/GistFile.ts"

/** A page of a user's public gists. */
export interface GistPage {
  /** The account that the gists belong to, when the page names it. */
  readonly owner: Option.Option<Account>
  readonly files: ReadonlyArray<ListedFile>
  /** The validator of this page for this token, quotes and all. */
  readonly etag: Option.Option<string>
  readonly next: Option.Option<URL>
}

/** A page of the public feed: the newest gists of all users. */
export interface FeedPage {
  readonly gists: ReadonlyArray<FeedGist>
  readonly etag: Option.Option<string>
  readonly next: Option.Option<URL>
}

/** A gist as the feed shows it. */
export interface FeedGist {
  readonly gistId: string
  /** Missing for anonymous gists, which have no owner. */
  readonly owner: Option.Option<Account>
  /** RFC 3339, whole seconds, UTC. */
  readonly updatedAt: string
  readonly filenames: ReadonlyArray<string>
}

/** An account by GitHub's durable number and its present login. */
export interface Account {
  readonly id: number
  readonly login: string
}

/** One gist with the content of its files, by storable name. */
export interface GistContents {
  readonly description: string | null
  readonly files: ReadonlyMap<string, Content>
  /** Media types, where GitHub reports one. */
  readonly types: ReadonlyMap<string, string>
  /** Files without content in the response, and the address of each file's raw content, or `null` without one. */
  readonly rawUrls: ReadonlyMap<string, string | null>
  /** Whether the gist was forked from another. */
  readonly isFork: boolean
  /** Whether the gist has more files than GitHub shows. */
  readonly truncated: boolean
}

/** How many users a second can be checked, as far as the present limits go, when nothing is new. */
export interface Capacity {
  /** By conditional requests, one for each user. */
  readonly single: number
  /** By batches; 0 without a token, and for a while after GitHub has refused a batch as a whole. */
  readonly batched: number
}
