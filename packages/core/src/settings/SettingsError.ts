import { Schema } from "effect"

/** Settings that cannot be used, with every fault in one message. */
export class SettingsError extends Schema.TaggedError<SettingsError>()("SettingsError", {
  faults: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `${this.faults.length === 1 ? "A setting is wrong" : `${this.faults.length} settings are wrong`}:\n${this.faults
      .map((fault) => `  - ${fault}`)
      .join("\n")}`
  }
}
