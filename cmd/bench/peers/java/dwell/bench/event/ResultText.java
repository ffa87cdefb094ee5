package dwell.bench.event;

/** Writes windows as records of the result topic. It is not for concurrent use. */
public final class ResultText {
    private final JsonText text = new JsonText();

    /** The record's key. A window may be counted in several parts, of which each has a key of its own. */
    public byte[] key(byte[] bcp, int minute, int part) {
        return text.clear().bytes(bcp).text("|").number(minute).text("|").number(part).toBytes();
    }

    public byte[] value(byte[] bcp, int minute, int part, byte[] sketch) {
        text.clear().text("{\"bcp\":\"").bytes(bcp).text("\",\"minute\":").number(minute).text(",\"part\":").number(part);
        Sketch.append(text, sketch);
        return text.text("}").toBytes();
    }
}
