// The connection: a snapshot, then numbered changes; after a loss it goes on from the last number.

const silence = 35_000; // ms without a frame: the server sends one every ten seconds at the least
const longest = 30_000; // ms between two attempts at the most

// merge brings the board from one number to the next. Sections are whole; of a trend only the changed hours come.
export function merge(board, changes) {
  for (const key of ["time", "as_of", "final_until"]) board[key] = changes[key];
  if (changes.total) board.total = changes.total;
  const touched = new Set();
  for (const change of changes.bcps) {
    const bcp = board.bcps.find((b) => b.id === change.id);
    const { trend, ...sections } = change;
    Object.assign(bcp, sections);
    if (trend) {
      const starts = new Set(trend.map((h) => h.start));
      bcp.trend = [...bcp.trend.filter((h) => !starts.has(h.start)), ...trend]
        .sort((a, b) => (a.start < b.start ? -1 : 1))
        .slice(-board.trend_hours);
    }
    touched.add(bcp.id);
  }
  return touched;
}

// live keeps one connection up: at any time there is either one socket or one timer that opens the next. onBoard gets
// the board and the ids that changed, null for all; onState gets connecting, live, failing or lost, and the seconds to
// the next attempt.
export function live(url, onBoard, onState) {
  let board = null;
  let number = 0;
  let stream = "";
  let tries = 0;
  let watchdog = 0;
  let timer = 0; // zero while there is a socket

  function open() {
    clearTimeout(timer);
    timer = 0;
    const address = new URL(url);
    if (number) {
      address.searchParams.set("from", number);
      address.searchParams.set("stream", stream);
    }
    const socket = new WebSocket(address);
    const expectFrame = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => socket.close(), silence);
    };
    expectFrame();
    socket.onmessage = (message) => {
      expectFrame();
      tries = 0;
      const frame = JSON.parse(message.data);
      number = frame.number;
      stream = frame.stream;
      let touched = null;
      if (frame.kind === "snapshot") board = frame.board;
      else if (board) touched = merge(board, frame);
      if (board) onBoard(board, touched);
      onState(frame.source === "ok" ? "live" : "failing");
    };
    socket.onclose = () => {
      clearTimeout(watchdog);
      // A random part keeps the viewers of a server that restarts from coming back all at once.
      const wait = Math.min(longest, 500 * 2 ** tries) * (0.5 + Math.random() / 2);
      tries++;
      onState("lost", Math.ceil(wait / 1000));
      timer = setTimeout(open, wait);
    };
  }

  addEventListener("online", () => {
    if (!timer) return;
    tries = 0;
    open();
  });
  onState("connecting");
  open();
}
