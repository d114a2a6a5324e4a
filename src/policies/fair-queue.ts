import type { Queue, QueueAddOptions } from 'p-queue'

export interface FairOptions extends QueueAddOptions {
  /** On whose behalf something waits. */
  readonly agent?: string
}

type Run = () => Promise<unknown>

interface Waiting {
  readonly run: Run
  readonly id: string
}

/**
 * Who waits for a place: the highest priority first, and of the same priority one agent after the other, so that the
 * thousand lanes of one do not keep the others waiting. Of the same agent, who came first.
 */
export class FairQueue implements Queue<Run, FairOptions> {
  size = 0
  /** By priority: those who wait, by agent; the agent whose turn is next comes first. */
  private readonly levels = new Map<number, Map<string, Waiting[]>>()

  enqueue(run: Run, { priority = 0, agent = '', id = '' }: FairOptions = {}): void {
    const level = this.levels.get(priority) ?? new Map<string, Waiting[]>()
    const line = level.get(agent) ?? []
    line.push({ run, id })
    this.levels.set(priority, level.set(agent, line))
    this.size += 1
  }

  dequeue(): Run | undefined {
    if (this.size === 0) return undefined
    const priority = Math.max(...this.levels.keys())
    const level = this.levels.get(priority)
    const [first] = level ?? []
    if (!level || !first) return undefined
    const [agent, line] = first
    const next = line.shift()
    level.delete(agent)
    if (line.length > 0) level.set(agent, line)
    if (level.size === 0) this.levels.delete(priority)
    this.size -= 1
    return next?.run
  }

  filter({ priority = 0 }: Readonly<Partial<FairOptions>>): Run[] {
    return [...(this.levels.get(priority)?.values() ?? [])].flat().map(({ run }) => run)
  }

  setPriority(id: string, priority: number): void {
    const found = this.take(id)
    if (found) this.enqueue(found.run, { id, priority, agent: found.agent })
  }

  remove(id: string): void {
    this.take(id)
  }

  private take(id: string): { readonly run: Run; readonly agent: string } | undefined {
    for (const [priority, level] of this.levels) {
      for (const [agent, line] of level) {
        const index = line.findIndex(waiting => waiting.id === id)
        if (index < 0) continue
        const [found] = line.splice(index, 1)
        if (line.length === 0) level.delete(agent)
        if (level.size === 0) this.levels.delete(priority)
        this.size -= 1
        return found && { run: found.run, agent }
      }
    }
    return undefined
  }
}
