using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using UnlockDaemon.Linux.Interop;
using UnlockDaemon.UnitTests.Architecture;

namespace UnlockDaemon.UnitTests.Abi;

/// <summary>
/// What this program believes of C's constants and structures, as a C program that compiles only if the headers agree.
/// </summary>
internal static partial class Declarations
{
    private const BindingFlags All = BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public;

    private static readonly Type s_anyOfInterop = typeof(Descriptor);

    /// <summary>What is typedef'd in C; all other structures have a tag.</summary>
    private static readonly string[] s_typedefs =
        ["posix_spawn_file_actions_t", "posix_spawnattr_t", "sigset_t", "MD5_CTX"];

    /// <summary>What C has no constant for.</summary>
    private static readonly Dictionary<string, string> s_expressions = new()
    {
        ["Dirent.NameOffset"] = "offsetof(struct dirent, d_name)",
    };

    /// <summary>Every constant and structure of the room Interop, and what of Tmds.LibC is used.</summary>
    /// <param name="architecture">Whose values.</param>
    /// <returns>The program.</returns>
    internal static string ToC(System.Runtime.InteropServices.Architecture architecture)
    {
        StringBuilder program = new(Headers);
        foreach (Type type in s_anyOfInterop.Assembly.GetTypes().Where(IsOfInterop))
        {
            foreach (FieldInfo constant in type.GetFields(All).Where(IsConstant))
                Assert(program, $"{type.Name}.{constant.Name}", constant.Name, constant.GetRawConstantValue()!);
            foreach (Type structure in type.GetNestedTypes(BindingFlags.NonPublic).Where(IsStructure))
                AssertLayout(program, structure);
        }

        foreach (Keyctl.Syscall call in Enum.GetValues<Keyctl.Syscall>())
            Assert(program, "Keyctl.Number", "__NR_" + call, Keyctl.Number(call, architecture));
        foreach ((string name, object value) in OfLibC(architecture))
            Assert(program, "LibC." + name, name, value);
        return program.ToString();
    }

    private static bool IsOfInterop(Type type) =>
        type.Namespace == s_anyOfInterop.Namespace && !type.IsNested && !type.Name.StartsWith('<');

    private static bool IsConstant(FieldInfo field) => field is { IsLiteral: true, IsPrivate: false };

    private static bool IsStructure(Type type) => type is { IsValueType: true, IsEnum: false };

    private static void Assert(StringBuilder program, string where, string name, object value)
    {
        string expression = s_expressions.GetValueOrDefault(where, name);
        program.AppendLine(value is string text
            ? $"_Static_assert(__builtin_strcmp({expression}, \"{text}\") == 0, \"{where}\");"
            : $"_Static_assert((long long)({expression}) == {Convert.ToInt64(value, CultureInfo.InvariantCulture)}LL, "
                + $"\"{where}\");");
    }

    private static void AssertLayout(StringBuilder program, Type structure)
    {
        string name = s_typedefs.Contains(structure.Name) ? structure.Name : "struct " + structure.Name;
        // Source generators and the compiler make structures, too; of ours, those that stand for C's have their names.
        program.AppendLine($"_Static_assert(sizeof({name}) == {SizeOf(structure)}, \"size of {name}\");");
        if (structure.GetCustomAttribute<InlineArrayAttribute>() is not null)
            return;
        foreach (FieldInfo field in structure.GetFields(BindingFlags.Instance | BindingFlags.NonPublic))
        {
            program.AppendLine($"_Static_assert(offsetof({name}, {field.Name}) == "
                + $"{Marshal.OffsetOf(structure, field.Name)}, \"{name}.{field.Name}\");");
        }
    }

    private static int SizeOf(Type structure) => (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!
        .MakeGenericMethod(structure).Invoke(null, null)!;

    /// <summary>The assembly of each architecture lies beside the tests, and its values are code that runs anywhere.</summary>
    private static IEnumerable<(string Name, object Value)> OfLibC(
        System.Runtime.InteropServices.Architecture architecture)
    {
        string runtime = "linux-" + architecture.ToString().ToLowerInvariant();
        Type library = Assembly.LoadFile(Path.Combine(AppContext.BaseDirectory, "runtimes", runtime,
            "lib/netstandard2.0/Tmds.LibC.dll")).GetType("Tmds.Linux.LibC")!;
        foreach (string name in SourceTree.Files().SelectMany(static file =>
            UseOfLibC().Matches(File.ReadAllText(file)).Select(static use => use.Groups[1].Value)).Distinct())
        {
            if (library.GetProperty(name)?.GetValue(null) is { } value)
                yield return (name, ToNumber(value));
        }
    }

    /// <summary>Types such as mode_t have the number in their one field.</summary>
    private static object ToNumber(object value) => value.GetType().IsPrimitive
        ? value
        : ToNumber(value.GetType().GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public)[0]
            .GetValue(value)!);

    [GeneratedRegex(@"\bLibC\.([A-Z][A-Z0-9_]+)\b")]
    private static partial Regex UseOfLibC();

    private const string Headers = """
        #define _GNU_SOURCE
        #include <dirent.h>
        #include <errno.h>
        #include <fcntl.h>
        #include <keyutils.h>
        #include <libcryptsetup.h>
        #include <libdevmapper.h>
        #include <linux/fs.h>
        #include <linux/loop.h>
        #include <openssl/evp.h>
        #include <openssl/md5.h>
        #include <poll.h>
        #include <sched.h>
        #include <signal.h>
        #include <spawn.h>
        #include <stddef.h>
        #include <stdio.h>
        #include <sys/eventfd.h>
        #include <sys/file.h>
        #include <sys/inotify.h>
        #include <sys/mman.h>
        #include <sys/mount.h>
        #include <sys/prctl.h>
        #include <sys/resource.h>
        #include <sys/socket.h>
        #include <sys/stat.h>
        #include <sys/syscall.h>
        #include <systemd/sd-journal.h>
        #include <termios.h>
        #include <unistd.h>

        """;
}
