/** Loaded into each server that is measured: answers how much processor time its process has used, in microseconds. */
process.on("message", () => {
  const { system, user } = process.cpuUsage()
  process.send({ used: system + user })
})
