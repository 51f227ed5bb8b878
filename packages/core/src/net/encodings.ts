/** Compressed bodies, which undici leaves as they come. */
import { constants, createGunzip, createInflate } from "node:zlib"
import * as NodeStream from "@effect/platform-node/NodeStream"
import { Stream } from "effect"
import { Headers, HttpClientError, type HttpClientResponse } from "effect/http"
import { ConnectionFault } from "./connectionFault.ts"

/** What `decoded` can read. */
export const acceptEncoding = "gzip, deflate"

/** A body that ends too early is judged by its content, as `fetch` does. */
const options = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH }

const decoders: Readonly<Record<string, () => ReturnType<typeof createGunzip>>> = {
  gzip: () => createGunzip(options),
  "x-gzip": () => createGunzip(options),
  deflate: () => createInflate(options)
}

/** The response with its body decompressed, and without the headers about the compressed one. */
export const decoded = (response: HttpClientResponse.HttpClientResponse): HttpClientResponse.HttpClientResponse => {
  const decoder = decoders[response.headers["content-encoding"]?.toLowerCase() ?? ""]
  if (decoder === undefined) return response
  const headers = Headers.removeMany(response.headers, ["content-encoding", "content-length"])
  const onError = (error: unknown) =>
    new HttpClientError.HttpClientError({
      reason: new HttpClientError.DecodeError({ request: response.request, response, cause: faultOf(error) })
    })
  return Object.create(response, {
    headers: { value: headers },
    stream: {
      get: () => NodeStream.pipeThroughDuplex(response.stream, { evaluate: decoder, onError })
    },
    arrayBuffer: {
      get(this: HttpClientResponse.HttpClientResponse) {
        return Stream.mkArrayBuffer(this.stream)
      }
    }
  })
}

const faultOf = (error: unknown): ConnectionFault =>
  new ConnectionFault(error instanceof Error && "code" in error ? [String(error.code)] : [])
