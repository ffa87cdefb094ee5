package dwell.bench.flink;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** A visit that is to be counted: in which window, and how long it took. */
public record Release(Key window, long ms) {
    private static final int MINUTE_MS = 60_000;

    static Release of(byte[] bcp, long released, long ms) {
        int minute = (int) Math.floorDiv(released, MINUTE_MS);
        return new Release(new Key(ByteBuffer.allocate(Integer.BYTES + bcp.length).putInt(minute).put(bcp).array()), ms);
    }

    static int minute(Key window) {
        return ByteBuffer.wrap(window.bytes).getInt();
    }

    static byte[] bcp(Key window) {
        return Arrays.copyOfRange(window.bytes, Integer.BYTES, window.bytes.length);
    }
}
