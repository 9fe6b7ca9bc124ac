/*
 * What has no place in a model file. Each rule says why in `description`; `severity` is critical, suspicious or info.
 * No rule may limit the file size: models are large, and a payload is small.
 */

rule looked_at
{
    meta:
        description = "every file matches: proof that it was read"
        severity = "info"
    condition:
        filesize >= 0
}

rule private_key
{
    meta:
        description = "a private key in PEM form, with its body"
        severity = "critical"
    strings:
        $pem = /-----BEGIN (RSA |EC |DSA |OPENSSH |ENCRYPTED )?PRIVATE KEY-----\r?\n([A-Za-z0-9+\/=]{16,76}\r?\n){3}/
    condition:
        $pem
}

rule shell_dropper
{
    meta:
        description = "a shell script that fetches a program and runs it"
        severity = "critical"
    strings:
        $script = /#![ ]?\/(usr\/)?bin\/(env )?(ba|da|z)?sh\r?\n[\x09\x0a\x0d\x20-\x7e]{0,512}(curl|wget) [\x20-\x7e]{0,256}https?:\/\/[\x20-\x7e]{4,256}\| ?(sudo )?(ba|da|z)?sh\b/
    condition:
        $script
}

rule reverse_shell
{
    meta:
        description = "code that hands a shell to another machine"
        severity = "critical"
    strings:
        $bash = /bash -i >& ?\/dev\/tcp\/[0-9A-Za-z.:-]{4,64}\/[0-9]{2,5} 0>&1/
        $python = /socket\.socket\([^)]{0,64}\)[\x09\x0a\x0d\x20-\x7e]{0,256}\.connect\(\([\x20-\x7e]{4,80}\)\)[\x09\x0a\x0d\x20-\x7e]{0,256}os\.dup2\(/
    condition:
        any of them
}

rule encoded_powershell
{
    meta:
        description = "a hidden PowerShell command line with an encoded body"
        severity = "critical"
    strings:
        $command = /powershell(\.exe)?( -[A-Za-z]{1,16}( [A-Za-z]{1,16})?){0,6} -e(nc|ncodedcommand)? [A-Za-z0-9+\/]{64}/ nocase
    condition:
        $command
}
