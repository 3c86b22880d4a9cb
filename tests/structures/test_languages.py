"""The organs that are contoured most are understood in five languages beside English."""

import pytest

from rtcontour.structures import resolve_structure

# TG-263 name | Swedish | Dutch | German | French | pinyin | Chinese; _ stands for the side
WORDS = """
External | ytterkontur | huidcontour | Außenkontur | contour externe | tibiao | 体表
Bladder | urinblåsa | blaas | Harnblase | vessie | pangguang | 膀胱
Rectum | ändtarm | endeldarm | Enddarm | rectum | zhichang | 直肠
Prostate | prostata | prostaat | Prostata | prostate | qianliexian | 前列腺
SeminalVes | sädesblåsor | zaadblaasjes | Samenblasen | vésicules séminales | jingnang | 精囊
PenileBulb | bulbus penis | penisbulb | Peniswurzel | bulbe du pénis | yinjingqiu | 阴茎球
Uterus | livmoder | baarmoeder | Gebärmutter | utérus | zigong | 子宫
Cervix | livmoderhals | baarmoederhals | Gebärmutterhals | col utérin | gongjing | 宫颈
Vagina | slida | schede | Scheide | vagin | yindao | 阴道
Urethra | urinrör | plasbuis | Harnröhre | urètre | niaodao | 尿道
Canal_Anal | canalis analis | anaalkanaal | Analkanal | canal anal | gangguan | 肛管
Bag_Bowel | tarmpaket | darmzak | Darmsack | sac intestinal | changdai | 肠袋
Bowel_Small | tunntarm | dunne darm | Dünndarm | intestin grêle | xiaochang | 小肠
Bowel_Large | tjocktarm | dikke darm | Dickdarm | gros intestin | dachang | 大肠
Colon_Sigmoid | sigmoideum | sigmoid | Sigma | côlon sigmoïde | yizhuangjiechang | 乙状结肠
Femur_Head_ | lårbenshuvud | heupkop | Hüftkopf | tête fémorale | gugutou | 股骨头
Femur_ | lårben | dijbeen | Oberschenkelknochen | fémur | gugu | 股骨
Sacrum | korsben | heiligbeen | Kreuzbein | sacrum | digu | 骶骨
Bone_Pelvic | bäckenben | bekkenbotten | Beckenknochen | os du bassin | gupen | 骨盆
CaudaEquina | cauda equina | paardenstaart | Cauda | queue de cheval | mawei | 马尾
Kidney_ | njure | nier | Niere | rein | shen | 肾
Liver | lever | lever | Leber | foie | ganzang | 肝脏
Spleen | mjälte | milt | Milz | rate | pizang | 脾脏
Stomach | magsäck | maag | Magen | estomac | wei | 胃
Duodenum | tolvfingertarm | twaalfvingerige darm | Zwölffingerdarm | duodénum | shierzhichang | 十二指肠
Pancreas | bukspottkörtel | alvleesklier | Bauchspeicheldrüse | pancréas | yixian | 胰腺
Gallbladder | gallblåsa | galblaas | Gallenblase | vésicule biliaire | danang | 胆囊
Glnd_Adrenal_ | binjure | bijnier | Nebenniere | glande surrénale | shenshangxian | 肾上腺
Lung_ | lunga | long | Lunge | poumon | fei | 肺
Lungs | lungor | longen | Lungen | poumons | shuangfei | 双肺
Heart | hjärta | hart | Herz | cœur | xinzang | 心脏
Pericardium | hjärtsäck | hartzakje | Herzbeutel | péricarde | xinbao | 心包
A_Aorta | aorta | aorta | Hauptschlagader | aorte | zhudongmai | 主动脉
Esophagus | matstrupe | slokdarm | Speiseröhre | œsophage | shiguan | 食管
Trachea | luftstrupe | luchtpijp | Luftröhre | trachée | qiguan | 气管
Breast_ | bröst | borst | Brust | sein | ruxian | 乳腺
Chestwall_ | bröstvägg | borstwand | Brustwand | paroi thoracique | xiongbi | 胸壁
Humerus_ | överarmsben | opperarmbeen | Oberarmknochen | humérus | gonggu | 肱骨
Clavicle_ | nyckelben | sleutelbeen | Schlüsselbein | clavicule | suogu | 锁骨
SpinalCord | ryggmärg | ruggenmerg | Rückenmark | moelle épinière | jisui | 脊髓
SpinalCanal | spinalkanalen | wervelkanaal | Wirbelkanal | canal rachidien | zhuiguan | 椎管
Brain | hjärna | hersenen | Gehirn | cerveau | quannao | 全脑
Brainstem | hjärnstam | hersenstam | Hirnstamm | tronc cérébral | naogan | 脑干
Cerebellum | lillhjärna | kleine hersenen | Kleinhirn | cervelet | xiaonao | 小脑
Hippocampus_ | hippocampus | hippocampus | Hippokampus | hippocampe | haima | 海马
Lobe_Temporal_ | temporallob | slaapkwab | Schläfenlappen | lobe temporal | nieye | 颞叶
Pituitary | hypofys | hypofyse | Hypophyse | hypophyse | chuiti | 垂体
OpticChiasm | synnervskorsning | oogzenuwkruising | Sehnervenkreuzung | chiasma optique | shijiaocha | 视交叉
OpticNrv_ | synnerv | oogzenuw | Sehnerv | nerf optique | shishenjing | 视神经
Eye_ | öga | oog | Auge | œil | yanqiu | 眼球
Lens_ | lins | ooglens | Linse | cristallin | jingti | 晶体
Cornea_ | hornhinna | hoornvlies | Hornhaut | cornée | jiaomo | 角膜
Glnd_Lacrimal_ | tårkörtel | traanklier | Tränendrüse | glande lacrymale | leixian | 泪腺
Cochlea_ | snäcka | slakkenhuis | Hörschnecke | cochlée | erwo | 耳蜗
Ear_Internal_ | innerörat | binnenoor | Innenohr | oreille interne | neier | 内耳
Ear_Middle_ | mellanöra | middenoor | Mittelohr | oreille moyenne | zhonger | 中耳
Parotid_ | öronspottkörtel | oorspeekselklier | Ohrspeicheldrüse | parotide | saixian | 腮腺
Glnd_Submand_ | underkäksspottkörtel | onderkaakspeekselklier | Unterkieferspeicheldrüse | glande submandibulaire \
| hexiaxian | 颌下腺
Glnd_Sublings | tungspottkörtel | ondertongspeekselklier | Unterzungendrüse | glande sublinguale | shexiaxian | 舌下腺
Glnd_Thyroid | sköldkörtel | schildklier | Schilddrüse | thyroïde | jiazhuangxian | 甲状腺
Bone_Mandible | underkäke | onderkaak | Unterkiefer | mandibule | xiahegu | 下颌骨
Joint_TM_ | käkled | kaakgewricht | Kiefergelenk | articulation temporo mandibulaire | nieheguanjie | 颞颌关节
Cavity_Oral | munhåla | mondholte | Mundhöhle | cavité buccale | kouqiang | 口腔
Lips | läppar | lippen | Lippen | lèvres | kouchun | 口唇
Tongue | tunga | tong | Zunge | langue | sheti | 舌
Musc_Constrict | svalgkonstriktor | slikspieren | Schlundschnürer | constricteurs du pharynx | yansuoji | 咽缩肌
Larynx | struphuvud | strottenhoofd | Kehlkopf | larynx | hou | 喉
BrachialPlex_ | plexus brachialis | armzenuwvlecht | Armplexus | plexus brachial | bicong | 臂丛
Skin | hud | huid | Haut | peau | pifu | 皮肤
LN_Ax_ | axill | oksel | Axilla | creux axillaire | yewolinbajie | 腋窝
"""
ROWS = [[cell.strip() for cell in line.split("|")] for line in WORDS.replace("\\\n", "").strip().splitlines()]
LANGUAGES = ("Swedish", "Dutch", "German", "French", "pinyin", "Chinese")
SIDES = {
    "Swedish": ("{} vä", "{}_hö"),
    "Dutch": ("linker {}", "{} rechts"),
    "German": ("{} li", "{} re."),
    "French": ("{} gauche", "{} D"),
    "pinyin": ("zuo {}", "you_{}"),
    "Chinese": ("左{}", "右侧{}"),
}


def test_every_row_has_a_word_in_every_language():
    assert len(ROWS) >= 65
    assert all(len(row) == 1 + len(LANGUAGES) and all(row) for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_an_organ_is_understood_in_every_language(row):
    name, *words = row
    for language, word in zip(LANGUAGES, words, strict=True):
        if not name.endswith("_"):
            assert resolve_structure(word).name == name, language
            continue
        for side, spelling in zip("LR", SIDES[language], strict=True):
            assert resolve_structure(spelling.format(word)).name == f"{name}{side}", language


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_words_do_without_their_accents(row):
    plain = str.maketrans("åäöüéèêïôÅÖÜ", "aaoueeeioAOU")
    for word in row[1:5]:
        written = f"{word.translate(plain)} {'lt' if row[0].endswith('_') else ''}"
        assert resolve_structure(written).name == (f"{row[0]}L" if row[0].endswith("_") else row[0])
