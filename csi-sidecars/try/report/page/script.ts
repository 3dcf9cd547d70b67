/** The journal of the page: searched as one types, each call unfolded by a click or by a link to it. Only so many rows exist at once. */
export const SCRIPT = `
const MOST = 500;
const calls = JSON.parse(document.getElementById('data').textContent).map((call) => ({ call, text: JSON.stringify(call).toLowerCase() }));
const list = document.getElementById('calls');
const made = new Map();
const rowOf = (call) => {
  const known = made.get(call);
  if (known !== undefined) return known;
  const row = document.createElement('details');
  made.set(call, row);
  row.id = 'call-' + call.number;
  const head = document.createElement('summary');
  const took = call.tookMs === undefined ? 'never answered' : call.tookMs + ' ms';
  head.textContent = '#' + call.number + '  ' + call.rpc + '  by ' + call.by + '  ' + took + '  ' + call.code + (call.message ? '  ' + call.message : '');
  if (call.code !== 'OK') head.className = 'dim';
  row.append(head);
  row.addEventListener('toggle', () => {
    if (!row.open || row.childElementCount > 1) return;
    const body = document.createElement('pre');
    body.textContent = 'asked    ' + JSON.stringify(call.request, null, 2) + (call.response === undefined ? '' : '\\nanswered ' + JSON.stringify(call.response, null, 2));
    row.append(body);
  });
  return row;
};
const search = document.getElementById('search');
/** From the given call on, where more are found than are shown. */
const show = (from) => {
  const words = search.value.toLowerCase().split(' ').filter((word) => word !== '');
  const found = calls.filter(({ text }) => words.every((word) => text.includes(word)));
  const begin = Math.max(0, Math.min(found.length - MOST, found.findIndex(({ call }) => call.number >= from)));
  list.replaceChildren(...found.slice(begin, begin + MOST).map(({ call }) => rowOf(call)));
  document.getElementById('count').textContent =
    found.length + ' of ' + calls.length + ' calls' + (found.length > MOST ? ', ' + MOST + ' shown: search for others' : '');
};
search.addEventListener('input', () => show(1));
const follow = () => {
  const number = Number(/^#call-([0-9]+)$/.exec(location.hash)?.[1] ?? NaN);
  const named = calls.find(({ call }) => call.number === number);
  if (named === undefined) return;
  search.value = '';
  show(number - 5);
  rowOf(named.call).open = true;
  rowOf(named.call).scrollIntoView({ block: 'center' });
};
addEventListener('hashchange', follow);
show(1);
follow();
`;
