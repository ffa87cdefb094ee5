package dwell.bench.streams;

import dwell.bench.event.Crossing;
import java.nio.ByteBuffer;

/** What is known of a visit, as bytes: when the truck arrived, when it was released, or that it has been counted. */
final class Visit {
    static final byte[] COUNTED = {2};

    private Visit() { }

    static byte[] first(Crossing c) {
        return ByteBuffer.allocate(9).put(side(c)).putLong(c.time).array();
    }

    /** Says whether the event adds nothing: it came before, or the visit has been counted. */
    static boolean knows(byte[] visit, Crossing c) {
        return visit.length == 1 || visit[0] == side(c);
    }

    /** The time from arrival to release, of which the visit has the one and the event is the other. */
    static long duration(byte[] visit, Crossing c) {
        long other = ByteBuffer.wrap(visit).getLong(1);
        return c.released ? c.time - other : other - c.time;
    }

    static long released(byte[] visit, Crossing c) {
        return c.released ? c.time : ByteBuffer.wrap(visit).getLong(1);
    }

    private static byte side(Crossing c) {
        return (byte) (c.released ? 1 : 0);
    }
}
