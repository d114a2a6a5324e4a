import { describe, expect, it } from 'vitest'
import { Mailbox } from '../../src/exchange/mailbox.ts'
import { journal } from '../helpers/exchange.ts'

const order = { type: 'event', from: 'shop', topic: 'order.created', payload: { id: 7 } } as const

/** A mailbox with one message in it, and ways to use it in steps of their own. */
function mailbox() {
  const { step, facts } = journal()
  const box = new Mailbox([])
  const { id } = box.send(step('send'), order)
  const receive = (key: string, agent = 'stock') => box.receive(step(key), agent, ['order.created'])
  return { box, step, facts, id, receive }
}

describe('a message', () => {
  it('reaches those whom it is for: by name, by topic, or everybody but its sender', () => {
    const { box, step, receive } = mailbox()
    box.send(step('a'), { type: 'status', from: 'ann', to: 'ben', payload: 'hi' })
    box.send(step('b'), { type: 'status', from: 'ann', broadcast: true, payload: 'all' })
    expect(receive('r1').map(({ payload }) => payload)).toEqual([{ id: 7 }, 'all'])
    expect(box.receive(step('r2'), 'ben').map(({ payload }) => payload)).toEqual(['hi', 'all'])
    expect(box.receive(step('r3'), 'ann')).toEqual([])
  })

  it('has a name of its own also when a step sends several', () => {
    const { box, step } = mailbox()
    const ctx = step('burst')
    for (const payload of [1, 2, 3]) box.send(ctx, { ...order, payload })
    expect(box.sentIn('burst').map(({ id, payload }) => [id, payload])).toEqual([
      ['burst', 1],
      ['burst#2', 2],
      ['burst#3', 3],
    ])
  })

  it('does not come again once it is acknowledged', () => {
    const { box, step, id, receive } = mailbox()
    expect(receive('r1')).toHaveLength(1)
    box.acknowledge(step('ack'), id, 'stock')
    expect(receive('r2')).toEqual([])
    expect(receive('r3', 'fraud')).toHaveLength(1)
  })

  it('comes again when it is not acknowledged, three times in all, and is a dead letter then', () => {
    const { box, receive } = mailbox()
    expect([1, 2, 3, 4, 5].map(turn => receive(`r${turn}`).length)).toEqual([1, 1, 1, 0, 0])
    expect(box.deadLetters).toEqual([
      { message: { id: 'send', ...order }, to: 'stock', reason: 'delivered 3 times and never acknowledged' },
    ])
  })

  it('comes again when fields are missing, and is a dead letter when they still are at the last delivery', () => {
    const { box, step, id, receive, facts } = mailbox()
    for (const turn of [1, 2, 3]) {
      expect(box.deadLetters).toEqual([])
      expect(receive(`r${turn}`)).toHaveLength(1)
      box.acknowledge(step(`a${turn}`), id, 'stock', ['amount'])
    }
    expect(box.deadLetters[0]?.reason).toBe('delivered 3 times without amount')
    expect(facts).toContainEqual(
      expect.objectContaining({ type: 'message.acknowledged', missing: ['amount'], key: 'a1' }),
    )
    expect(receive('r4')).toEqual([])
  })

  it('is alive again when somebody acknowledges it although it was buried', () => {
    const { box, step, id, receive } = mailbox()
    box.bury(step('bury'), id, 'stock', 'stock failed')
    expect(receive('r1')).toEqual([])
    expect(box.deadLetters).toHaveLength(1)
    box.acknowledge(step('ack'), id, 'stock')
    expect(box.deadLetters).toEqual([])
    expect(receive('r2')).toEqual([])
  })
})

describe('a mailbox that is opened again', () => {
  it('knows what was sent, delivered, acknowledged and buried', () => {
    const { box, step, facts, id, receive } = mailbox()
    receive('r1')
    receive('r2')
    box.acknowledge(step('ack'), id, 'fraud')
    const { id: other } = box.send(step('s2'), { type: 'status', from: 'a', to: 'b', payload: 1 })
    box.bury(step('bury'), other, 'b', 'b is gone')
    const again = new Mailbox(facts)
    expect(again.deadLetters).toEqual(box.deadLetters)
    expect(again.sentIn('send')).toEqual(box.sentIn('send'))
    expect(again.receive(step('r3'), 'fraud', ['order.created'])).toEqual([])
    expect(again.receive(step('r4'), 'stock', ['order.created'])).toHaveLength(1)
    expect(again.receive(step('r5'), 'stock', ['order.created'])).toEqual([])
  })

  it('sends and delivers nothing twice in a step that runs again', () => {
    const { facts, step, receive } = mailbox()
    const received = receive('r1')
    const again = new Mailbox(facts)
    again.send(step('send'), order)
    expect(again.receive(step('r1'), 'stock', ['order.created'])).toEqual(received)
    expect(facts.map(({ type }) => type)).toEqual(['message.sent', 'message.delivered'])
  })
})
