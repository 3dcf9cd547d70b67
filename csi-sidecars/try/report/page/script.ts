/** The journal of the page: searched as one types, each call unfolded by a click or by a link to it. */
export const SCRIPT = `
const calls = JSON.parse(document.getElementById('data').textContent);
const list = document.getElementById('calls');
const rows = calls.map((call) => {
  const row = document.createElement('details');
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
  list.append(row);
  return { row, text: JSON.stringify(call).toLowerCase() };
});
const search = document.getElementById('search');
const show = () => {
  const words = search.value.toLowerCase().split(' ').filter((word) => word !== '');
  let shown = 0;
  for (const { row, text } of rows) {
    row.hidden = !words.every((word) => text.includes(word));
    if (!row.hidden) shown += 1;
  }
  document.getElementById('count').textContent = shown + ' of ' + rows.length + ' calls';
};
search.addEventListener('input', show);
const follow = () => {
  const row = location.hash.startsWith('#call-') ? document.getElementById(location.hash.slice(1)) : null;
  if (row === null) return;
  search.value = '';
  show();
  row.open = true;
  row.scrollIntoView({ block: 'center' });
};
addEventListener('hashchange', follow);
show();
follow();
`;
