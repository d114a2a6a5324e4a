/**
 * Named crash points, so that durability is proved and not believed. CREW_CRASH_AT=NAME[:N] makes the process kill
 * itself, as kill -9 would, when it passes the point NAME for the Nth time (the first by default).
 *
 * `before:TYPE` and `after:TYPE` surround the commit that carries an event of that type (`after:step.succeeded`);
 * `act:before` and `act:after` surround what a step does to the world, between its intent and its result;
 * `event:` with a number in the place of N is passed after the commit of the event with that position.
 */
const [, point = '', count = '1'] = /^(.+?)(?::(\d+))?$/.exec(process.env.CREW_CRASH_AT ?? '') ?? []
let remaining = Number(count)

export function crashPoint(name: string): void {
  if (name !== point) return
  remaining -= 1
  if (remaining <= 0) process.kill(process.pid, 'SIGKILL')
}

/** `CREW_CRASH_AT=event:17` */
export function crashAfterEvent(seq: number): void {
  if (point === 'event' && seq >= Number(count)) process.kill(process.pid, 'SIGKILL')
}
