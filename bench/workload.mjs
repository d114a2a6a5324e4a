import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { measure, medians, sizeOf, startServer } from './measure.mjs'

const FLOOR = fileURLToPath(new URL('floor.mjs', import.meta.url))

/** Runs the floor and crew in turn, `runs` times each, and compares their medians. */
export async function measureWorkload(workload, { crew, folder, env, runs }) {
  const server = await startServer(workload.latency, { turns: workload.turns })
  try {
    const database = join(folder, 'store.db')
    const around = { server, database, env: { ...env, OPENAI_BASE_URL: server.baseUrl } }
    const contenders = [floorOf, crewOf].map(create => ({
      one: create({ ...workload, steps: workload.turns ?? 1 }, { ...around, crew, folder }),
      all: create(workload, { ...around, crew, folder }),
      samples: [],
    }))
    if (runs > 1) for (const { all } of contenders) await sample(all, around)
    for (let run = 0; run < runs; run += 1) {
      for (const { one, all, samples } of contenders) samples.push(await samplePair(one, all, around))
    }
    const [floor, ours] = contenders.map(({ samples }) => medians(samples))
    return [
      { title: `floor: ${workload.title}`, aims: {}, ...floor },
      {
        title: `crew: ${workload.title}`,
        aims: workload.aims,
        ...ours,
        ratio: ours.work / floor.work,
        cpuRatio: ours.cpu / floor.cpu,
      },
    ]
  } finally {
    server.stop()
  }
}

function floorOf({ steps, concurrency }, { server, database }) {
  return { steps, args: [FLOOR, server.baseUrl, database, String(steps), String(concurrency)], check() {} }
}

function crewOf(workload, { crew, folder, database }) {
  const work = workload.create(workload)
  const own = join(folder, `${workload.name}-${workload.steps}`)
  const args = [crew, ...writeRun(work, own), '--db', database]
  return { steps: workload.steps, args, check: stdout => work.check(JSON.parse(stdout)) }
}

/** Writes a team, its input and its other files into a folder. @returns what follows `crew` on the command line */
export function writeRun({ team, input, files = {} }, folder) {
  mkdirSync(folder, { recursive: true })
  const write = (file, content) => {
    const path = join(folder, file)
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
    return path
  }
  for (const [file, content] of Object.entries(files)) write(file, content)
  const inputs = Object.entries(input).flatMap(([name, value]) => [
    '--input',
    `${name}=@${write(name, value)}`,
  ])
  return ['run', write('team.json', team), ...inputs, '--quiet', '--json', '--trust']
}

/**
 * All the steps, and what they took beyond a start that is measured with one step: with many, a good deal may already
 * be done for them before the first request goes out.
 */
async function samplePair(one, all, around) {
  const { untilRequest: start, overhead: empty } = await sample(one, around)
  const taken = await sample(all, around)
  const work = taken.wall - start
  return {
    ...taken,
    start,
    work,
    step: work / all.steps,
    cpuStep: taken.cpu / all.steps,
    // Tables take a page each, also of a store with a single step.
    store: (taken.overhead - empty) / (all.steps - one.steps),
  }
}

/** One run of a process on a store of its own. Throws when a request too many or too few was made. */
async function sample({ args, steps, check }, { env, database, server }) {
  for (const end of ['', '-wal', '-shm']) rmSync(database + end, { force: true })
  await server.reset()
  const { began, ended, cpu, memory, stdout } = await measure(args, env)
  const { requests, first, last, tenths } = await server.count()
  if (requests !== steps) throw new Error(`${steps} requests expected, the server got ${requests}`)
  check(stdout)
  const { bytes, payloads } = sizeOf(database)
  return {
    untilRequest: first - began,
    served: last - first,
    // The last tenth of all requests beside the second: in the first one, much is compiled.
    ...(steps >= 1_000 && { flat: (tenths[10] - tenths[9]) / (tenths[2] - tenths[1]) }),
    wall: ended - began,
    cpu,
    memory,
    overhead: bytes - payloads,
    payloads: payloads / steps,
  }
}
