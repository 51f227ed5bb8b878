/** The file of NODE_EXTRA_CA_CERTS. Node.js only warns of one that it cannot use, and every connection fails later. */
import { readFileSync } from "node:fs"
import { getCACertificates } from "node:tls"

/** What is wrong with the file; undefined when Node.js has loaded its certificates. */
export const authorityFault = (file: string): string | undefined => {
  if (file.trim() === "") return undefined
  try {
    const loaded = new Set(certificatesIn(getCACertificates("extra").join("\n")))
    return missingFault(file, certificatesIn(readFileSync(file, "utf8")), loaded)
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown"
    return `the file ${JSON.stringify(file)} cannot be read (${code}). Correct the path, or give the user that runs Gitpip the right to read it`
  }
}

/** What is wrong with a file that holds these certificates, when Node.js has loaded those. */
export const missingFault = (
  file: string,
  certificates: ReadonlyArray<string>,
  loaded: ReadonlySet<string>
): string | undefined => {
  const found = certificates.filter((certificate) => loaded.has(certificate)).length
  if (found === 0)
    return `no certificate came from the file ${JSON.stringify(file)}. Name a file with certificates in PEM form, in the environment and not in a file of settings: Node.js reads it when it starts`
  return found === certificates.length
    ? undefined
    : `only ${found} of the ${certificates.length} certificates in the file ${JSON.stringify(file)} could be read. Correct or remove the others`
}

/** The certificates of a text in PEM form, without the line breaks. */
const certificatesIn = (pem: string): ReadonlyArray<string> =>
  [...pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g)].map(([, body = ""]) =>
    body.replace(/\s+/g, "")
  )
