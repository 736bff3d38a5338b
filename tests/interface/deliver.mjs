// A housing corporation's client in Node: events from standard input, over AMQP, with confirms.
//
//   AMQP_URL=amqp://woonstad:…@host/vhost node deliver.mjs structured|binary < events.jsonl
//
// One event a line. Each is answered with a line {"id", "confirmed"}; the exit code is 1 when the
// broker returned or refused one. What the service thinks of it stands in the feedback queue.
import readline from "node:readline";
import amqplib from "amqplib";

const EXCHANGE = "voordeur.intake";
const TYPE = "nl.betalingsachterstanden.";
const SECONDS_MAX = 60;
const PREFIXES = { binary: "cloudEvents:", "binary-underscore": "cloudEvents_" };

const mode = process.argv[2];
const url = process.env.AMQP_URL;
if (!url || !(mode === "structured" || mode in PREFIXES)) {
  console.error("usage: AMQP_URL=… node deliver.mjs structured|binary|binary-underscore");
  process.exit(2);
}
const user = decodeURIComponent(new URL(url).username);
setTimeout(() => {
  console.error(`not done in ${SECONDS_MAX} seconds`);
  process.exit(1);
}, SECONDS_MAX * 1000).unref();

// The body, and what says how to read it: CloudEvents AMQP binding 1.0.2, sections 3.1 and 3.2.
function encoded(event) {
  if (mode === "structured") {
    return [JSON.stringify(event), { contentType: "application/cloudevents+json" }];
  }
  const { data, datacontenttype, ...attributes } = event;
  const headers = Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [PREFIXES[mode] + name, String(value)]),
  );
  return [JSON.stringify(data), { contentType: datacontenttype ?? "application/json", headers }];
}

// What every event needs besides: who sends it, and that it must not get lost on the way.
function properties(event) {
  return { messageId: event.id, userId: user, persistent: true, mandatory: true };
}

const connection = await amqplib.connect(url, { timeout: 10_000 });
const channel = await connection.createConfirmChannel();
const returned = new Set();
channel.on("return", (message) => returned.add(message.properties.messageId));

const flights = [];
for await (const line of readline.createInterface({ input: process.stdin })) {
  const event = JSON.parse(line);
  const key = `${user}.${event.type.slice(TYPE.length)}`;
  const [body, how] = encoded(event);
  flights.push(
    new Promise((done) => {
      const options = { ...properties(event), ...how };
      channel.publish(EXCHANGE, key, Buffer.from(body), options, (refused) => {
        done({ id: event.id, confirmed: !refused && !returned.has(event.id) });
      });
    }),
  );
}
const answers = await Promise.all(flights);
answers.forEach((answer) => console.log(JSON.stringify(answer)));
await connection.close();
process.exit(answers.every((answer) => answer.confirmed) ? 0 : 1);
