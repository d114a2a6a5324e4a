import type { Controls } from './controls.ts'
import type { Feed } from './feed.ts'
import type { Modes } from './mode.ts'

interface Wishes {
  readonly feed: Feed
  readonly controls: Controls
  readonly modes: Modes
  /** The key of the row of the agent that is chosen. */
  readonly chosen: () => string | undefined
}

/** The keys that steer a run: pause, cancel, words for an agent. */
export function createSteering({ feed, controls, modes, chosen }: Wishes) {
  /** Does something about the run, and says why when it cannot be done. */
  const act = (work: Promise<unknown>) => {
    work.catch(modes.complain)
  }

  function pause(): void {
    modes.say('finishes what is under way, and pauses then')
    act(controls.pause())
  }
  function cancel(): void {
    modes.turnTo({
      kind: 'sure',
      question: 'End the run for good? What is under way is broken off, and it can never be resumed.',
      send: () => {
        modes.say('is told to end')
        act(controls.cancel(''))
      },
    })
  }
  function tell(): void {
    const row = listener()
    if (!row) {
      modes.say('no agent is at work that could be told something: choose one first')
      return
    }
    modes.write(`to ${row.agent}`, '', words => {
      if (words.trim() === '') return
      const said = () => modes.say(`${row.agent} reads it before its next turn`)
      act(controls.tell(row.key, words).then(said))
    })
  }
  /** Who is told something: who is chosen, or the only one at work. */
  function listener() {
    const key = chosen()
    const row = key === undefined ? undefined : feed.rows.get(key)
    if (row) return row
    const atWork = [...feed.rows.values()].filter(({ step }) => step.state === 'running')
    return atWork.length === 1 ? atWork[0] : undefined
  }

  const keys: Readonly<Record<string, () => void>> = { p: pause, x: cancel, w: tell }
  return {
    /** True: the key was meant for it. */
    press(name: string): boolean {
      const work = Object.hasOwn(keys, name) ? keys[name] : undefined
      work?.()
      return work !== undefined
    },
  }
}
