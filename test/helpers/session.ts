import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ended } from './crew.ts'
import { blocksOf } from './markdown.ts'

/** First lines like `# team.yaml` say which file a block is. */
export function writeFiles(markdown: string, folder: string): void {
  for (const { text } of blocksOf(markdown)) {
    const [, name] = /^# (\S+\.yaml)\n/.exec(text) ?? []
    if (name !== undefined) writeFileSync(join(folder, name), text)
  }
}

/** Lines of `sh` blocks. An installation is not repeated here. */
export function commandsOf(markdown: string): string[] {
  const lines = blocksOf(markdown).flatMap(({ language, text }) =>
    language === 'sh' ? text.split('\n') : [],
  )
  return lines.filter(line => line.trim() !== '' && !line.startsWith('npm ci'))
}

/** Runs the commands of a document in one bash session; the first that fails ends it. */
export async function runCommands(
  markdown: string,
  folder: string,
  env: Record<string, string>,
): Promise<string> {
  const commands = commandsOf(markdown)
  const script = commands.map((line, index) => `${line}\n[ $? = 0 ] || { echo "line ${index}" >&3; exit 1; }`)
  const child = spawn('bash', ['-c', ['set -o pipefail', ...script].join('\n')], {
    cwd: folder,
    env: { ...env, HOME: folder, CREW_HOME: folder, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  let failed = ''
  child.stdio[3]?.on('data', text => {
    failed += text
  })
  const { code, stderr } = await ended(child)
  const [, index] = /^line (\d+)/.exec(failed) ?? []
  return code === 0 ? 'all succeeded' : `failed: ${commands[Number(index)]}\n${stderr}`
}
