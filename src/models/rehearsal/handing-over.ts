import { isObject, type JsonObject } from '../../json.ts'
import type { ToolSpec } from '../model.ts'
import { sentencesOf } from './material.ts'
import { wordsFor } from './roster.ts'
import { meaningfulWords } from './words.ts'

/**
 * Arguments for a tool that passes the work on to another agent, when one of those knows about something in `prompt`
 * that `role` does not speak of. Who had a part in it already gets it no more, so that no rehearsal goes in circles.
 */
export function handOver(tool: ToolSpec, prompt: string, role: string): JsonObject | undefined {
  const lines = prompt.split('\n')
  const hadPart = (name: string) =>
    lines.some(line => line.startsWith(`${name}:`) || line.startsWith(`From ${name}:`))
  const own = new Set(meaningfulWords(role))
  const [best] = receiversOf(tool)
    .filter(name => !hadPart(name))
    .map(to => ({ to, words: wordsFor(to, prompt).filter(word => !own.has(word)) }))
    .sort((a, b) => b.words.length - a.words.length)
  if (!best || best.words.length === 0) return undefined
  const { to, words } = best
  const [task = ''] = prompt.split(/\n{2,}/)
  const parts = sentencesOf(task).filter(part => meaningfulWords(part).some(word => words.includes(word)))
  return {
    to,
    task: parts.join(' ') || task,
    summary: `This is a matter for ${to}: ${words.join(', ')}.`,
  }
}

function receiversOf({ parameters: { properties } }: ToolSpec): string[] {
  const to = isObject(properties) ? properties.to : undefined
  return isObject(to) && Array.isArray(to.enum) ? to.enum.map(String) : []
}
