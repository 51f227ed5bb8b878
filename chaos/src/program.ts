/** The program in a few files: a start loads 640 without it, which is half of a start's processor time. */
import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { type Plugin, rolldown } from "rolldown"

const root = fileURLToPath(new URL("../..", import.meta.url))

/** `preload.ts` replaces the rules, and `pageFiles.ts` reads files beside itself: both stay where they are. */
const separate: Plugin = {
  name: "separate",
  resolveId: (source, importer) =>
    importer !== undefined && /\/(rules|pageFiles)\.js$/.test(source)
      ? { id: new URL(source, pathToFileURL(importer)).href, external: true }
      : null
}

/**
 * Bundles the program for the servers of this process and of its workers, and answers how to remove the bundle. It lies
 * inside `node_modules`, where it finds the packages that stay outside.
 */
export const useBundle = async (): Promise<() => Promise<void>> => {
  await mkdir(join(root, "node_modules/.cache"), { recursive: true })
  const directory = await mkdtemp(join(root, "node_modules/.cache/gitpip-chaos-"))
  const built = await rolldown({
    input: join(root, "packages/cli/dist/main.js"),
    platform: "node",
    // Undici breaks in a bundle of modules.
    external: /^@electric-sql\/pglite|^undici$/,
    plugins: [separate]
  })
  await built.write({ dir: join(directory, "dist"), format: "esm" })
  await built.close()
  // The program reads its version there.
  await copyFile(join(root, "packages/cli/package.json"), join(directory, "package.json"))
  process.env.CHAOS_PROGRAM = join(directory, "dist/main.js")
  return () => rm(directory, { recursive: true, force: true })
}
