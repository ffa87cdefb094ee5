package dwell.bench.flink;

import org.apache.flink.api.common.serialization.SerializerConfig;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeutils.TypeSerializer;

/** Gives Flink the serializer of a class. */
final class ValueType<T> extends TypeInformation<T> {
    static final TypeInformation<Key> KEY = new ValueType<>(Key.class, new KeySerializer(), true);
    static final TypeInformation<Event> EVENT = new ValueType<>(Event.class, new EventSerializer(), false);
    static final TypeInformation<Release> RELEASE = new ValueType<>(Release.class, new ReleaseSerializer(), false);
    static final TypeInformation<Window> WINDOW = new ValueType<>(Window.class, new WindowSerializer(), false);

    private static final long serialVersionUID = 1;

    private final Class<T> of;
    private final TypeSerializer<T> serializer;
    private final boolean key;

    private ValueType(Class<T> of, TypeSerializer<T> serializer, boolean key) {
        this.of = of;
        this.serializer = serializer;
        this.key = key;
    }

    @Override
    public TypeSerializer<T> createSerializer(SerializerConfig config) {
        return serializer;
    }

    @Override
    public Class<T> getTypeClass() {
        return of;
    }

    @Override
    public boolean isKeyType() {
        return key;
    }

    @Override
    public boolean isBasicType() {
        return false;
    }

    @Override
    public boolean isTupleType() {
        return false;
    }

    @Override
    public int getArity() {
        return 1;
    }

    @Override
    public int getTotalFields() {
        return 1;
    }

    @Override
    public boolean canEqual(Object other) {
        return other instanceof ValueType;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ValueType<?> t && t.of == of;
    }

    @Override
    public int hashCode() {
        return of.hashCode();
    }

    @Override
    public String toString() {
        return of.getSimpleName();
    }
}
