package dwell.bench.event;

import java.nio.ByteBuffer;

/**
 * A window's release times as bytes: their sum (8 bytes), then for each bin in order its index (2 bytes) and its count (4).
 * The bins are DDSketch's logarithmic ones, 1 % wide on each side. Most windows have a handful of bins, so a sorted row is
 * smaller than any map, and is its own serialized form. Nothing is changed in place: stores and producers may hold on to it.
 */
public final class Sketch {
    private static final double LN_GAMMA = Math.log(1.02);
    private static final int ZERO = -1000, SUM = 8, ENTRY = 6;

    private Sketch() { }

    /** Bin is where a release time is counted. */
    public static int bin(long ms) {
        return ms < 1 ? ZERO : (int) Math.ceil(Math.log(ms) / LN_GAMMA);
    }

    /** Adds a release time to a window's sketch, or to none yet. */
    public static byte[] add(byte[] sketch, long ms) {
        int bin = bin(ms);
        if (sketch == null) {
            return ByteBuffer.allocate(SUM + ENTRY).putLong(ms).putShort((short) bin).putInt(1).array();
        }
        ByteBuffer old = ByteBuffer.wrap(sketch);
        int at = find(old, bin);
        boolean known = at < sketch.length && old.getShort(at) == bin;
        ByteBuffer sum = ByteBuffer.allocate(sketch.length + (known ? 0 : ENTRY));
        sum.put(sketch, 0, at);
        sum.putShort((short) bin).putInt(known ? old.getInt(at + 2) + 1 : 1);
        int rest = known ? at + ENTRY : at;
        sum.put(sketch, rest, sketch.length - rest);
        return sum.putLong(0, old.getLong(0) + ms).array();
    }

    /** The first entry whose bin is not below the one sought. */
    private static int find(ByteBuffer sketch, int bin) {
        int low = 0, high = (sketch.capacity() - SUM) / ENTRY;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (sketch.getShort(SUM + middle * ENTRY) < bin) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return SUM + low * ENTRY;
    }

    /** Appends the result's last members: n, sum_ms and bins. */
    static void append(JsonText to, byte[] sketch) {
        ByteBuffer s = ByteBuffer.wrap(sketch);
        long n = 0;
        for (int at = SUM; at < sketch.length; at += ENTRY) {
            n += s.getInt(at + 2);
        }
        to.text(",\"n\":").number(n).text(",\"sum_ms\":").number(s.getLong(0)).text(",\"bins\":{");
        for (int at = SUM; at < sketch.length; at += ENTRY) {
            to.text(at == SUM ? "\"" : ",\"").number(s.getShort(at)).text("\":").number(s.getInt(at + 2));
        }
        to.text("}");
    }
}
