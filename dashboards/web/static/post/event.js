// The events that the form records: CloudEvents, as ingest/event/README.md describes them.

// The facts, with their types and the data that each has besides BCP and direction.
export const facts = {
  arrived: { type: "truck.arrived", fields: [] },
  begun: { type: "inspection.started", fields: ["agency", "kind"] },
  done: { type: "inspection.completed", fields: ["agency", "kind", "result"] },
  released: { type: "truck.released", fields: [] },
  departed: { type: "truck.departed", fields: [] },
};
export const kinds = ["document", "scan", "weighbridge", "physical", "sps", "immigration_security"];
export const results = ["conformant", "non_conformant"];

const wire = (type) => `dwell.${type}.v1`;
const retracted = wire("event.retracted");

// factOf is the name in facts of an event; undefined for a retraction.
export const factOf = (event) => Object.keys(facts).find((name) => wire(facts[name].type) === event.type);

// newId is a random UUID. Browsers have randomUUID on secure pages alone.
export function newId(random = crypto) {
  if (random.randomUUID) return random.randomUUID();
  const bytes = random.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

const instant = (ms) => new Date(ms).toISOString();

// eventOf is a fact about a truck that happened at a time and was recorded at another, both in ms.
export function eventOf(name, said, time, recorded, id = newId()) {
  const data = { bcp: said.bcp, direction: said.direction };
  for (const field of facts[name].fields) data[field] = said[field];
  return { specversion: "1.0", id, source: said.source, type: wire(facts[name].type), subject: said.truck, time: instant(time), recordedtime: instant(recorded), data };
}

// retractionOf takes an event back.
export function retractionOf(event, recorded, id = newId()) {
  const { source, subject, time } = event;
  return { specversion: "1.0", id, source, type: retracted, subject, time, recordedtime: instant(recorded), data: { bcp: event.data.bcp, id: event.id, source, time } };
}

// retractedBy is the id of the event that a retraction takes back; undefined for a fact.
export const retractedBy = (event) => (event.type === retracted ? event.data.id : undefined);
