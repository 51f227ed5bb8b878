/** How the parts of Gitpip are wired. */
import { Layer } from "effect"
import type { HttpClient } from "effect/http"
import type { SqlClient } from "effect/sql"
import { Contacts } from "./contacts/Contacts.ts"
import { Following } from "./contacts/Following.ts"
import { Checker } from "./detect/Checker.ts"
import { CheckSchedule } from "./detect/CheckSchedule.ts"
import { Feed } from "./detect/Feed.ts"
import { Profiles } from "./detect/Profiles.ts"
import { Scanner } from "./detect/Scanner.ts"
import { ContentCache } from "./github/ContentCache.ts"
import { Github } from "./github/Github.ts"
import { Limits } from "./limits/Limits.ts"
import * as sinks from "./pipedrive/layer.ts"
import { Publisher } from "./publish/Publisher.ts"
import type { Sink } from "./publish/Sink.ts"
import type { Settings } from "./Settings.ts"
import { Signals } from "./Signals.ts"
import { Changes } from "./status/Changes.ts"
import { Gauges } from "./status/Gauges.ts"
import * as SharedQuota from "./store/Quotas.ts"
import { Store } from "./store/Store.ts"
import { ScanSpans } from "./telemetry/ScanSpans.ts"

/** The services that Gitpip is made of. */
export type Services =
  | Changes
  | Feed
  | Checker
  | CheckSchedule
  | Profiles
  | Contacts
  | Following
  | Scanner
  | Publisher
  | Gauges
  | Sink
  | Github
  | Limits
  | Store
  | Signals

/** All services around a sink. */
export const layerParts: Layer.Layer<
  Exclude<Services, Sink>,
  never,
  Sink | Settings | SqlClient.SqlClient | HttpClient.HttpClient
> = Layer.mergeAll(Feed.layer, Gauges.layer, Following.layer).pipe(
  Layer.provideMerge(Contacts.layer),
  Layer.provideMerge(Layer.mergeAll(Scanner.layer, Publisher.layer, Changes.layer)),
  Layer.provideMerge(Layer.mergeAll(Checker.layer, CheckSchedule.layer, Profiles.layer)),
  Layer.provide(Layer.mergeAll(ScanSpans.layer, ContentCache.layer)),
  Layer.provideMerge(Limits.layer),
  Layer.provideMerge(Layer.mergeAll(Github.layer.pipe(Layer.provide(SharedQuota.layer)), Store.layer, Signals.layer))
)

/** Pipedrive as the sink, on the same database. */
export const layerPipedrive: Layer.Layer<Sink, never, Settings | SqlClient.SqlClient | HttpClient.HttpClient> =
  sinks.layer.pipe(Layer.provide(Layer.mergeAll(Store.layer, SharedQuota.layer)))
