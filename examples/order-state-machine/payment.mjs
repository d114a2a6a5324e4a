// Compares what an order costs with what was paid: payment.mjs ITEMS PAID, where ITEMS is JSON.
const [items, paid] = process.argv.slice(2).map(argument => JSON.parse(argument))
const cents = items.reduce((sum, { quantity, price }) => sum + Math.round(quantity * price * 100), 0)
const open = Math.max(0, cents - Math.round(paid * 100))
console.log(JSON.stringify({ total: cents / 100, paid: open === 0, open: open / 100 }))
