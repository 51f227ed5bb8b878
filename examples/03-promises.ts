/**
 * Gitpip without Effect: a plain script with promises.
 *
 * Run: npx node examples/03-promises.ts octocat
 */
import { open } from "@gitpip/core/promise"

const gitpip = await open()
try {
  const [username = "octocat"] = process.argv.slice(2)
  await gitpip.track(username)
  await gitpip.scan(username)
  await gitpip.publish()
  const { files } = await gitpip.latest(username)
  for (const file of files) console.log(`${file.filename}: ${file.publication_state}`)
  console.log(`${files.length} new files of ${username}`)
} finally {
  await gitpip.close()
}
