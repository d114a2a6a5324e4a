import * as z from 'zod'
import { readConfigFile, unreadable, writeConfigFile } from './config-file.ts'

/** The answers of people who were asked whether a team may do what it could do: outside of all team files. */
const NAME = 'trust'

const answer = z.strictObject({
  /** Of all that the team could do. */
  hash: z.string().min(1),
  /** Folder of the team file, without links. */
  folder: z.string(),
  file: z.string(),
  /** In milliseconds since the epoch. */
  at: z.number(),
  by: z.string(),
  /** What was shown. */
  shown: z.array(z.string()),
})

const content = z.object({ answers: z.array(answer).default([]) })

export type Answer = z.infer<typeof answer>

/** All answers, the first one first. Throws `usage` when the file is damaged: then nothing is trusted. */
export async function answers(): Promise<readonly Answer[]> {
  const read = content.safeParse(await readConfigFile(NAME))
  if (read.success) return read.data.answers
  const [issue] = read.error.issues
  throw unreadable(
    NAME,
    new Error(`${issue?.path.join('.')} is not what crew has written: ${issue?.message}`),
  )
}

export async function isTrusted(hash: string): Promise<boolean> {
  return (await answers()).some(answer => answer.hash === hash)
}

/** Keeps an answer, in place of an older one about the same. */
export async function keep(answer: Answer): Promise<void> {
  const others = (await answers()).filter(({ hash }) => hash !== answer.hash)
  await write([...others, answer])
}

/** Takes answers back; gives those that there were. */
export async function revoke(isMeant: (answer: Answer) => boolean): Promise<readonly Answer[]> {
  const all = await answers()
  const revoked = all.filter(isMeant)
  if (revoked.length > 0) await write(all.filter(answer => !revoked.includes(answer)))
  return revoked
}

function write(answers: readonly Answer[]): Promise<void> {
  return writeConfigFile(NAME, { answers })
}
