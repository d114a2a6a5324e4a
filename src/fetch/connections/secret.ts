import { open } from 'node:fs/promises'
import { homedir } from 'node:os'
import { resolve } from 'node:path'
import * as z from 'zod'
import { CrewError } from '../../errors.ts'
import { shellWord } from '../../shell-word.ts'

/** Where a secret is: never what it is. */
export const secret = z
  .union([
    z
      .string()
      .regex(
        /^[A-Za-z_][A-Za-z0-9_]*$/,
        'this names an environment variable: letters, digits and _, and starts with no digit',
      ),
    z.strictObject({ file: z.string().min(1).describe('Relative to the team file; ~ is the home folder') }),
  ])
  .describe('Name of an environment variable, or a file that nobody else can read')

export type Secret = z.infer<typeof secret>

export interface Vault {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Folder of the team file. */
  readonly root: string
}

const LARGEST = 64 * 1024

/**
 * The value of a secret, without line breaks at its end.
 * @param wanted what it is for, as a sentence names it
 * @throws CrewError `key-missing` when it is not there, or not kept well
 */
export async function readSecret(where: Secret, wanted: string, { env, root }: Vault): Promise<string> {
  if (typeof where !== 'string') return readSecretFile(where.file, wanted, root)
  const value = env[where]?.trim()
  if (value) return value
  throw missing(`${wanted} is missing: the variable ${where} is not set`, `set it: export ${where}=…`)
}

async function readSecretFile(file: string, wanted: string, root: string): Promise<string> {
  const path = resolve(root, file.replace(/^~(?=\/|$)/, homedir()))
  const value = await readPrivately(path, wanted)
  if (value === '') throw missing(`${wanted} is missing: ${path} is empty`, 'write the secret into it')
  return value
}

async function readPrivately(path: string, wanted: string): Promise<string> {
  const file = await open(path).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'there is no file' : `${cause.code ?? cause.message}:`
    throw missing(`${wanted} is missing: ${why} ${path}`, 'create it, with nothing but the secret in it')
  })
  try {
    const { mode, size } = await file.stat()
    const bits = mode & 0o777
    if ((mode & 0o170_000) !== 0o100_000 || size > LARGEST) {
      throw missing(
        `${wanted} is missing: ${path} is no file that holds a secret`,
        'give the path of a small text file',
      )
    }
    if (process.platform !== 'win32' && (bits & 0o077) !== 0) {
      const problem = `${path} holds ${wanted}, and others can read it (mode 0${bits.toString(8)})`
      throw missing(problem, `chmod 600 ${shellWord(path)}`)
    }
    return (await file.readFile('utf8')).replace(/[\r\n]+$/, '')
  } finally {
    await file.close()
  }
}

function missing(message: string, hint: string): CrewError {
  return new CrewError('key-missing', message, { hint })
}
