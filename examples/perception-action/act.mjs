// Does what was decided: node act.mjs ACTION. A real greenhouse would move its motors and valves here.
const DONE = {
  'open-vents': 'The vents are open.',
  'close-vents': 'The vents are closed.',
  water: 'The soil was watered for ten minutes.',
}

const [action = ''] = process.argv.slice(2)
if (!Object.hasOwn(DONE, action)) {
  console.error(`there is no action ${action}; there is: ${Object.keys(DONE).join(', ')}`)
  process.exit(1)
}
console.log(JSON.stringify({ done: DONE[action] }))
