/** All migrations, in order. A number is never used twice and never inserted before a released one. */
import initial from "./0001_initial.ts"
import certainty from "./0002_certainty.ts"
import page from "./0003_page.ts"
import cadence from "./0004_cadence.ts"
import shares from "./0005_shares.ts"
import outbox from "./0006_outbox.ts"
import listings from "./0007_listings.ts"
import words from "./0008_words.ts"
import contacts from "./0009_contacts.ts"

/** Each migration by its number and name, as the table `gitpip_migrations` stores them. */
export const migrations = {
  "0001_initial": initial,
  "0002_certainty": certainty,
  "0003_page": page,
  "0004_cadence": cadence,
  "0005_shares": shares,
  "0006_outbox": outbox,
  "0007_listings": listings,
  "0008_words": words,
  "0009_contacts": contacts
}

/** The newest schema that this program knows. */
export const newest = Math.max(...Object.keys(migrations).map((name) => Number.parseInt(name, 10)))
