package dwell.bench.event;

import java.util.Arrays;

/** Grows a JSON text as bytes, in memory that is used again. */
final class JsonText {
    private byte[] text = new byte[512];
    private int length;

    JsonText clear() {
        length = 0;
        return this;
    }

    @SuppressWarnings("deprecation") // the one way to copy ASCII without an encoder
    JsonText text(String ascii) {
        room(ascii.length());
        ascii.getBytes(0, ascii.length(), text, length);
        length += ascii.length();
        return this;
    }

    JsonText bytes(byte[] b) {
        room(b.length);
        System.arraycopy(b, 0, text, length, b.length);
        length += b.length;
        return this;
    }

    JsonText number(long n) {
        room(20);
        if (n < 0) {
            text[length++] = '-';
            n = -n;
        }
        int end = length + 1;
        for (long rest = n / 10; rest > 0; rest /= 10) {
            end++;
        }
        length = end;
        do {
            text[--end] = (byte) ('0' + n % 10);
            n /= 10;
        } while (n > 0);
        return this;
    }

    byte[] toBytes() {
        return Arrays.copyOf(text, length);
    }

    private void room(int more) {
        if (length + more > text.length) {
            text = Arrays.copyOf(text, Math.max(2 * text.length, length + more));
        }
    }
}
