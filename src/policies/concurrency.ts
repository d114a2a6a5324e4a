import type PQueue from 'p-queue'

/** Does something while the places are left to others. */
type Aside = <T>(wait: () => Promise<T>) => Promise<T>

/**
 * Works with a place in every one of the queues. While it waits for somebody who needs a place as well, it leaves its
 * own, or both would wait for ever.
 */
export async function inPlace<T>(
  queues: readonly PQueue[],
  signal: AbortSignal,
  work: (aside: Aside) => Promise<T>,
): Promise<T> {
  let leave = () => {}
  let waits = 0
  const enter = () =>
    new Promise<void>((entered, refused) => {
      const stay = () =>
        new Promise<void>(left => {
          leave = left
          entered()
        })
      inTurn(queues, signal, stay).catch(refused)
    })
  const aside: Aside = async wait => {
    if (waits === 0) leave()
    waits += 1
    try {
      return await wait()
    } finally {
      waits -= 1
      if (waits === 0) await enter()
    }
  }
  await enter()
  try {
    return await work(aside)
  } finally {
    leave()
  }
}

/** Does something short with a place in every one of the queues. */
export async function inTurn<T>(
  [queue, ...others]: readonly PQueue[],
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  if (queue) return queue.add(() => inTurn(others, signal, work))
  signal.throwIfAborted()
  return work()
}
