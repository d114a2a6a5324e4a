// Gives the reading after the given one: node sense.mjs STEP. A real greenhouse would ask its sensors.
const DAY = [
  { time: '06:00', temperature: 14, soil: 41, note: 'At dawn it was 14 degrees, and the soil was moist.' },
  { time: '11:00', temperature: 27, soil: 28, note: 'By eleven the soil had dried to 28 percent water.' },
  { time: '15:00', temperature: 36, soil: 33, note: 'In the afternoon heat the air reached 36 degrees.' },
  { time: '20:00', temperature: 21, soil: 38, note: 'After sunset the plants recovered at 21 degrees.' },
]

const step = Number(process.argv[2] ?? 0) + 1
const history = DAY.slice(0, step).map(({ note }) => note)
const { note, ...reading } = DAY[step - 1]
console.log(JSON.stringify({ step, ...reading, history, last: step === DAY.length }))
