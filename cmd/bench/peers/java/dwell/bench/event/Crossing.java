package dwell.bench.event;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * What the job needs of one message: whether a truck arrived or was released, when, and where. One is made for each task and
 * read into again and again, so that events which the job ignores cost no memory.
 *
 * <p>A message is scanned only as far as it has to be: dwell's writers put the type before the time and the data, and most
 * events are left there. Members may come in any order all the same. It is not for concurrent use.
 */
public final class Crossing {
    /** An event may have happened at most this long after its record's own time; else its clock runs ahead. */
    private static final long SKEW_MS = 5 * 60_000;

    private static final byte[] TYPE = ascii("type"), TIME = ascii("time"), DATA = ascii("data"), BCP = ascii("bcp");
    private static final byte[] ARRIVED = ascii("dwell.truck.arrived.v1"), RELEASED = ascii("dwell.truck.released.v1");

    public boolean released;
    public long time;
    private byte[] json;
    private int bcpFrom, bcpTo;

    /** Reads a message and says whether it counts: a truck that arrived or was released, with a clock to be believed. */
    public boolean read(byte[] message, long recordTime) {
        json = message;
        JsonCursor at = new JsonCursor(message);
        boolean typed = false, timed = false;
        bcpTo = -1;
        at.enter();
        while (at.nextMember()) {
            if (at.named(TYPE)) {
                at.readText();
                released = at.textIs(RELEASED);
                if (!released && !at.textIs(ARRIVED)) {
                    return false;
                }
                typed = true;
            } else if (at.named(TIME)) {
                at.readText();
                time = Instants.parse(message, at.textFrom(), at.textTo());
                timed = true;
            } else if (at.named(DATA)) {
                readData(at);
            } else {
                at.skipValue();
            }
            if (typed && timed && bcpTo >= 0) {
                return time <= recordTime + SKEW_MS;
            }
        }
        if (typed) {
            throw new IllegalArgumentException("no time or bcp in \"" + new String(message, StandardCharsets.UTF_8) + '"');
        }
        return false;
    }

    /** The BCP of the message last read. */
    public byte[] bcp() {
        return Arrays.copyOfRange(json, bcpFrom, bcpTo);
    }

    private void readData(JsonCursor at) {
        at.enter();
        while (at.nextMember()) {
            if (bcpTo < 0 && at.named(BCP)) {
                at.readText();
                bcpFrom = at.textFrom();
                bcpTo = at.textTo();
            } else {
                at.skipValue();
            }
        }
    }

    private static byte[] ascii(String s) {
        return s.getBytes(StandardCharsets.US_ASCII);
    }
}
